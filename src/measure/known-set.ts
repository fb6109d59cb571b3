/**
 * A set of objects and Buffers whose size is known beforehand: what a measurement of it finds shows what the measurement is worth.
 *
 * Rule: no size here is measured. Blocks are of jemalloc's size classes, and arrays of doubles have one layout in every
 * V8 that Node has been built with: 16 + 8 n bytes of elements and 32 of the array.
 */

/** Sizes of the Buffers, and how many of each: small blocks, blocks of the larger thread-cache classes, larger ones. */
const BUFFERS: readonly (readonly [bytes: number, count: number])[] = [
  [2048, 96],
  [16_384, 8],
  [65_536, 3],
]
const ARRAYS = 128
/** 4 KiB of elements. */
const DOUBLES = 510
const ELEMENTS_HEADER_BYTES = 16
const ARRAY_BYTES = 32
const WORD_BYTES = 8
/** The allocations of V8 and Node beside the memory of a Buffer, in size classes. */
const BACKING_STORE_BYTES = 144
/** An ArrayBuffer and its view: 184 bytes in Node 20 and 22, 200 in Node 24 and 26. */
const BUFFER_OBJECT_BYTES = 192

/** The service may put something else in its place later. */
const allocate = Buffer.allocUnsafeSlow.bind(Buffer)

/** The planted objects, and their sizes. */
export interface KnownSet {
  /** Of the allocator. */
  readonly allocatedBytes: number
  readonly heapBytes: number
  /** Drops it: the next collection finds it. */
  release(): void
}

/** Makes a set of about 1 MiB, half of it on V8's heap. */
export function plantKnownSet(): KnownSet {
  const held: { all: unknown } = { all: null }
  plant(held)
  const buffers = BUFFERS.reduce((sum, [, count]) => sum + count, 0)
  const blocks = BUFFERS.reduce((sum, [bytes, count]) => sum + bytes * count, 0)
  return {
    allocatedBytes: blocks + buffers * BACKING_STORE_BYTES,
    heapBytes: ARRAYS * sizeOfArray(DOUBLES) + buffers * BUFFER_OBJECT_BYTES + sizeOfArray(ARRAYS + buffers),
    release: () => {
      held.all = null
    },
  }
}

function sizeOfArray(length: number): number {
  return ARRAY_BYTES + ELEMENTS_HEADER_BYTES + length * WORD_BYTES
}

/** In a function of its own, so that no stack slot of what measures keeps any of it. */
function plant(held: { all: unknown }): void {
  const all = new Array<unknown>(ARRAYS + BUFFERS.reduce((sum, [, count]) => sum + count, 0))
  let place = 0
  for (; place < ARRAYS; place++) all[place] = doubles(place + 0.5)
  for (const [bytes, count] of BUFFERS) {
    // Neither of Node's pool nor filled: pages that nobody writes to cost nothing.
    for (let index = 0; index < count; index++) all[place++] = allocate(bytes)
  }
  held.all = all
}

/** Its size does not depend on how hot the code is. */
function doubles(value: number): number[] {
  const values = new Array<number>(DOUBLES)
  for (let place = 0; place < DOUBLES; place++) values[place] = value
  return values
}
