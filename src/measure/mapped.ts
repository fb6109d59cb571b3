/**
 * Memory that V8 maps itself: WebAssembly memories, resizable ArrayBuffers, growable SharedArrayBuffers. V8 reports none of
 * them how much is resident: the addon walks V8's own lists of backing stores and asks the kernel about each that is mapped.
 *
 * Rule: where V8 keeps its lists is learnt from buffers made here, whose sizes are known, and checked by finding each of
 * them again. Whatever does not fit gives null and a reason, never a wrong number.
 */
import { addonOrNull } from '../allocator/binding.js'
import type { MappedBinding } from '../allocator/port.js'
import type { Collector, Environment } from '../support/environment.js'

/** The parts of a reading. */
export interface MappedParts {
  /** Of WebAssembly memories. */
  readonly wasmBytes: number
  /** Of resizable ArrayBuffers and growable SharedArrayBuffers. */
  readonly resizableBytes: number
}

/** Reads the bytes that V8 maps itself. */
export interface MappedSource {
  /** Learns what the reading needs; once, with some minor collections. Must not run in a window. */
  prepare(collector: Collector | null): void
  /** Resident bytes now; null where they cannot be known. May allocate some hundred bytes, which are garbage afterwards. */
  read(): number | null
  /** A reading in its two parts; null where it cannot be made. */
  parts(): MappedParts | null
  /** Why the last reading reported nothing, where it could have; null else. */
  readonly reason: string | null
}

/** How the addon names the kinds of planted buffers. */
const [MALLOC, RESIZABLE, WASM] = [0, 1, 2] as const
const PAGE_BYTES = 65_536
const SIZES = [0x3018, 0x5028, 0x6fef] as const
const RESIZABLE_SIZES = [
  [0x3018, 0x9000],
  [0x5028, 0xb000],
] as const
const MEMORY_PAGES = [1, 3] as const
const MEMORY_PAGES_MAX = 8
const MINORS_MAX = 5
const PLANTED_MOST = 4

/** One buffer that was made to learn from. */
interface Planted {
  readonly buffer: object
  readonly kind: number
  readonly length: number
  readonly maxLength: number
}

/** The lists of this thread's isolate, read by the addon. */
class MappedMemory implements MappedSource {
  readonly #binding: MappedBinding
  #state: 'new' | 'ready' | 'refused' = 'new'
  #reason: string | null = null

  constructor(binding: MappedBinding) {
    this.#binding = binding
  }

  get reason(): string | null {
    return this.#reason
  }

  prepare(collector: Collector | null): void {
    if (this.#state !== 'new' || collector === null || process.platform !== 'linux') return
    this.#reason = this.#learn(collector)
    this.#state = this.#reason === null ? 'ready' : 'refused'
  }

  read(): number | null {
    if (this.#state !== 'ready') return null
    const read = this.#binding.read()
    this.#reason = typeof read === 'string' ? read : null
    return typeof read === 'string' ? null : read
  }

  parts(): MappedParts | null {
    const bytes = this.read()
    if (bytes === null) return null
    const wasmBytes = this.#binding.memoryBytes()
    return { wasmBytes, resizableBytes: bytes - wasmBytes }
  }

  #learn(collector: Collector): string | null {
    try {
      const planted = this.#plant(collector)
      if (typeof planted === 'string') return planted
      return this.#learnMemories() ?? this.#check(planted)
    } catch (error) {
      return `buffers to learn from cannot be made: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  /** V8's own collections may take its lists apart while buffers are planted: then others are. Else why nothing was learnt. */
  #plant(collector: Collector): readonly Planted[] | string {
    let problem: string | null = null
    for (let attempt = 0; attempt < PLANTED_MOST; attempt++) {
      collector.minor()
      const planted = plant()
      problem = this.#learnFrom(planted) ?? this.#growOld(collector)
      if (problem === null) return planted
    }
    return problem ?? ''
  }

  #learnFrom(planted: readonly Planted[]): string | null {
    const facts = planted.flatMap(({ buffer, kind, length, maxLength }) => [
      kind,
      Number(buffer instanceof SharedArrayBuffer),
      length,
      maxLength,
    ])
    return this.#binding.learn(
      planted.map(({ buffer }) => buffer),
      facts,
    )
  }

  /** Survivors of two minor collections are old; right after one V8's threads sweep buffers, if they do. */
  #growOld(collector: Collector): string | null {
    let problem: string | null = null
    collector.minor()
    for (let minors = 1; minors < MINORS_MAX; minors++) {
      collector.minor()
      problem = this.#binding.learnOld()
      if (problem === null) return null
    }
    return problem
  }

  /** Memories whose buffer nobody asked for are in another list in newer versions. */
  #learnMemories(): string | null {
    const Memory = memoryClass()
    if (Memory === null) return null
    const memories: object[] = []
    for (const pages of MEMORY_PAGES) {
      this.#binding.beforeMemory()
      memories.push(new Memory({ initial: pages, maximum: MEMORY_PAGES_MAX }))
      const problem = this.#binding.afterMemory(pages * PAGE_BYTES)
      if (problem !== null) return problem
    }
    return null
  }

  /** Every planted buffer that V8 maps is found, and no other. */
  #check(planted: readonly Planted[]): string | null {
    const read = this.#binding.read()
    if (typeof read === 'string') return read
    const isRight = planted.every(({ buffer, kind }) => this.#binding.has(buffer) === (kind !== MALLOC))
    return isRight ? null : 'of the buffers that were planted in V8’s lists not all were found again'
  }
}

/** Some of each kind, of sizes that tell them apart, in the order in which V8 lists them. */
function plant(): Planted[] {
  const ordinary = SIZES.flatMap((length) =>
    [new ArrayBuffer(length), new SharedArrayBuffer(length)].map((buffer): Planted => ({
      buffer,
      kind: MALLOC,
      length,
      maxLength: length,
    })),
  )
  const resizable = RESIZABLE_SIZES.flatMap(([length, maxByteLength]) =>
    [new Resizable(length, { maxByteLength }), new Growable(length, { maxByteLength })].map((buffer): Planted => ({
      buffer,
      kind: RESIZABLE,
      length,
      maxLength: maxByteLength,
    })),
  )
  const Memory = memoryClass()
  const memories = MEMORY_PAGES.flatMap((pages): Planted | [] => {
    if (Memory === null) return []
    const { buffer } = new Memory({ initial: pages, maximum: MEMORY_PAGES_MAX })
    return { buffer, kind: WASM, length: pages * PAGE_BYTES, maxLength: MEMORY_PAGES_MAX * PAGE_BYTES }
  })
  const last: Planted = { buffer: new ArrayBuffer(64), kind: MALLOC, length: 64, maxLength: 64 }
  return [...ordinary, ...resizable, ...memories, last]
}

type ResizableClass = new (length: number, options?: { maxByteLength: number }) => object
const Resizable = ArrayBuffer as ResizableClass
const Growable = SharedArrayBuffer as ResizableClass

type MemoryClass = new (descriptor: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }

/** Null under `--jitless`, and then no memory of the kind exists. */
function memoryClass(): MemoryClass | null {
  return (globalThis as { WebAssembly?: { Memory?: MemoryClass } }).WebAssembly?.Memory ?? null
}

const NO_ADDON: MappedSource = {
  prepare: () => undefined,
  read: () => null,
  parts: () => null,
  reason: null,
}

let own: MappedSource | undefined

/** That of this thread; what was learnt holds for all coordinators and twins. */
export function mappedSource({ mappedBytes }: Pick<Environment, 'mappedBytes'>): MappedSource {
  if (mappedBytes !== undefined) return { ...NO_ADDON, read: mappedBytes, reason: null }
  const binding = (own === undefined ? addonOrNull()?.mapped : undefined) ?? null
  own ??= binding === null ? NO_ADDON : new MappedMemory(binding)
  return own
}
