/**
 * The caches whose contents are known: sizes doubling from 1 MB to 134 MB of Buffers, or of what V8 maps itself, or 1k to 128k JS
 * objects. Of sharp's results, and of Buffers that a FinalizationRegistry drops, finalizers free the memory.
 */
import sharp from 'sharp'

export type Kind = 'buffers' | 'objects' | 'mapped' | 'sharp' | 'registry'

/** Just under 64 KiB, so that each lies in a size class of its own. */
const BUFFER_BYTES = 65_536 - 256
const DOUBLES = 64
/** One page of WebAssembly, and whole pages of every kernel. */
export const MAPPED_BYTES = 65_536
/** The others are resizable buffers, every fourth of them shared; a memory reserves ten gigabytes of addresses. */
const ONE_MEMORY_OF = 16

export const SIZES = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** Entries of the cache of one size. */
export function entryCount(kind: Kind, size: number): number {
  return kind === 'objects' ? 1000 << size : 16 << size
}

/** Fills in a function of its own, so that nothing of it stays on the stack of the one that measures. */
export async function fill(cache: Map<number, unknown>, kind: Kind, count: number): Promise<void> {
  if (kind === 'sharp') {
    for (let index = 0; index < count; index += AT_ONCE) await addImages(cache, index, Math.min(count, index + AT_ONCE))
    return
  }
  const make = ENTRY_OF[kind]
  for (let index = 0; index < count; index++) cache.set(index, make(index))
}

/** Images that are made side by side. */
const AT_ONCE = 16

async function addImages(cache: Map<number, unknown>, from: number, to: number): Promise<void> {
  const images = Array.from({ length: to - from }, () => image())
  for (const [index, bytes] of (await Promise.all(images)).entries()) cache.set(from + index, bytes)
}

/** As a thumbnail is made: a Buffer over memory of libvips, 65,280 bytes of pixels. */
function image(): Promise<Buffer> {
  return sharp({ create: { width: 160, height: 136, channels: 3, background: '#456' } })
    .raw()
    .toBuffer()
}

function filledBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES).fill(1)
}

/** Memory that handles of wasm-bindgen or of an ffi own: dropped by a callback when the handle is collected. */
const owned = new Map<number, Buffer>()
const registry = new FinalizationRegistry<number>((id) => owned.delete(id))
let ids = 0

function finalized(): object {
  const handle = { id: ids++ }
  owned.set(handle.id, filledBuffer())
  registry.register(handle, handle.id)
  return handle
}

const ENTRY_OF: Readonly<Record<Exclude<Kind, 'sharp'>, (index: number) => unknown>> = {
  buffers: filledBuffer,
  objects: doubles,
  mapped,
  registry: finalized,
}

type Resizable = new (bytes: number, of: { maxByteLength: number }) => ArrayBuffer
type Memory = new (of: { initial: number }) => { readonly buffer: ArrayBuffer }

/** A WebAssembly memory, or a resizable buffer, filled. */
function mapped(index: number): unknown {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: Memory } }).WebAssembly
  const memory = index % ONE_MEMORY_OF === 0 ? new Memory({ initial: 1 }) : null
  const Buffers = (index % 4 === 1 ? SharedArrayBuffer : ArrayBuffer) as unknown as Resizable
  const buffer = memory?.buffer ?? new Buffers(MAPPED_BYTES, { maxByteLength: 4 * MAPPED_BYTES })
  new Uint8Array(buffer).fill(1)
  return memory ?? buffer
}

/** Arrays of doubles have a size that does not depend on how hot the code is. */
function doubles(seed: number): number[] {
  const values = new Array<number>(DOUBLES)
  for (let index = 0; index < DOUBLES; index++) values[index] = seed + index + 0.5
  return values
}
