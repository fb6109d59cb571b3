/**
 * The allocator port: what the measuring code needs of an allocator, whichever it is and however it is reached.
 *
 * Rule: figures are read, never remembered; a statistic that the allocator lacks is NaN in a reading and `null` in a
 * sample, never 0. The jemalloc, glibc and unavailable implementations pass one conformance suite.
 */
import type { BlackBoxBinding } from './black-box-binding.js'
import type { TwinBinding } from './twin-binding.js'

/** Places of one reading in a Float64Array. All are bytes, but `epoch`, `otherThreads` and `othersChanges`, which are counts. Order shared with native/allocator.h. */
export const SLOT = {
  /** `epoch`: number of the statistics snapshot that the other slots belong to. */
  epoch: 0,
  /** `stats.allocated` (jemalloc), `uordblks + hblkhd` (glibc): bytes handed out, thread caches included. */
  rawAllocated: 1,
  /** `stats.arenas.4096.tcache_bytes`: freed regions that sit in thread caches and still count as allocated. */
  tcache: 2,
  /** `stats.arenas.4096.tcache_stashed_bytes` (jemalloc ≥ 5.3): the same, stashed. */
  tcacheStashed: 3,
  /** `stats.active`: bytes in pages that hold at least one allocation. */
  active: 4,
  /** `stats.metadata`: the allocator's own structures. */
  metadata: 5,
  /** `stats.resident`: bytes in physically resident pages of the allocator, metadata and dirty pages included. */
  resident: 6,
  /** `stats.mapped` (jemalloc), `arena + hblkhd` (glibc): bytes in mappings of the allocator. */
  mapped: 7,
  /** `stats.retained`: virtual memory kept for reuse, not resident. */
  retained: 8,
  /**
   * Counted in `stats.allocated` beyond the size of what was handed out: jemalloc's profiler gives each small block that
   * it samples an extent of 16 KiB. 0 without a profiler; NaN where it does not report it (`opt.prof_stats` is off).
   */
  overcount: 9,
  /**
   * The most that `overcount` can be: bytes in all extents of 16 KiB, the profiler's among them. 0 without a profiler; NaN
   * where they are not counted.
   */
  overcountMost: 10,
  /**
   * How many other threads of this process are counted in the next three: those that have loaded the addon. NaN, as those, where
   * they are not counted: without the addon or jemalloc, and in a twin, which has no other threads.
   */
  otherThreads: 11,
  /** `thread.allocated` of those threads together: bytes that they have allocated so far. */
  othersAllocated: 12,
  /** `thread.deallocated` of them: bytes that they have freed so far, of whichever thread they came. */
  othersFreed: 13,
  /** Grows whenever a thread begins or ends to be counted. */
  othersChanges: 14,
} as const

/** Length of the Float64Array that {@link Allocator.readInto} fills. */
export const SLOT_COUNT = 15

/** Which implementation answers. */
export type AllocatorName = 'jemalloc' | 'glibc' | 'unavailable'

/** How native code is reached: the Node-API addon, or ffi-napi with ref-napi. */
export type BindingKind = 'addon' | 'ffi'

/** The allocator of this process. */
export interface Allocator {
  readonly name: AllocatorName
  /** `version` of jemalloc, glibc's version, or null. */
  readonly version: string | null
  /** The statistics that make up `allocatedBytes` of a sample, e.g. `stats.allocated - tcache_bytes`; null where there is none. */
  readonly statistic: string | null
  readonly binding: BindingKind | null
  /** Why it is not jemalloc, and the command that fixes it; null for jemalloc. */
  readonly reason: string | null
  /** General access to jemalloc's controls; null for the others. */
  readonly mallctl: Mallctl | null
  /**
   * Refreshes the statistics (jemalloc: advances `epoch`) and fills every place of `slots` ({@link SLOT}); about 10 µs
   * with jemalloc, takes the allocator's locks: not for a hot path.
   *
   * @throws MallctlError `ERR_MALLCTL` when the epoch could not be advanced; CacheAttributionError `ERR_OPTION_TYPE` when
   *   `slots` is no Float64Array or too short
   */
  readInto(slots: Float64Array): void
}

/** JavaScript's type for each of C's. `size_t` and `ssize_t` are exact up to 2^53. */
export interface MallctlTypes {
  bool: boolean
  unsigned: number
  size_t: number
  ssize_t: number
  uint64: bigint
  string: string | null
}

/** Name of a value's C type in the manual of jemalloc. */
export type MallctlType = keyof MallctlTypes

/**
 * jemalloc's controls by name. Every failure is a `MallctlError` with the key and the errno. jemalloc compares the size
 * of a value and not its type, so what would take a number for a pointer is refused before the call
 * (`ERR_OPTION_TYPE`): a text under a key that holds none, a number under one that does, a write or a call of a key
 * that takes a pointer (`arenas.create`), anything of one that jemalloc follows unchecked (`tcache.*`, `experimental.*`).
 *
 * @example
 * allocator.mallctl?.read('opt.narenas', 'unsigned')   // 8
 * allocator.mallctl?.write('prof.active', 'bool', true)
 * allocator.mallctl?.call('thread.tcache.flush')
 */
export interface Mallctl {
  /** The value under a key, in its C type. */
  read<T extends MallctlType>(key: string, type: T): MallctlTypes[T]
  /** Sets the value under a key. */
  write<T extends MallctlType>(key: string, type: T, value: NonNullable<MallctlTypes[T]>): void
  /** A key without a value, e.g. `thread.tcache.flush`. */
  call(key: string): void
}

/** How memory that V8 maps itself is found; native/mapped.h says how. Problems are words, null where there are none. */
export interface MappedBinding {
  /** `facts`: four numbers for each buffer: its kind, whether it is shared, its length and the greatest. */
  learn(buffers: readonly object[], facts: readonly number[]): string | null
  learnOld(): string | null
  beforeMemory(): void
  afterMemory(bytes: number): string | null
  /** Resident bytes, or why they cannot be known. */
  read(): number | string
  /** Of the last reading the part of WebAssembly memories. */
  memoryBytes(): number
  /** Whether the last reading found a buffer. */
  has(buffer: object): boolean
}

/**
 * Stacks of JavaScript in jemalloc's samples; native/js-stacks.h says how. All but the names is of the calling thread.
 * Reasons are words, null where there are none.
 */
export interface JavaScriptStacksBinding {
  /** Why this process cannot have them; switches nothing. */
  unsupported(): string | null
  /** Begins; `threadId` is 0 in the main thread. Why it does not. */
  start(threadId: number): string | null
  /** Ends, after it noted the names. */
  stop(): void
  isOn(): boolean
  /** Notes the names of all stacks so far. */
  resolve(): void
  /** How many stacks wait for their names. */
  pending(): number
  /** The token of the calling stack, 0 for none. */
  probe(): number
  /** Marks what is allocated from now on with a number, 0 for none; gives the one before. */
  scope(id: number): number
  /** Samples with a stack, those that lost it, those without a frame to start from, those of collections; then names that are kept. */
  counts(): readonly number[]
  /** The names of the tokens that the dump in a file has, one a line; null where it cannot be read. */
  names(descriptor: number): string | null
  /** The same of one token. */
  nameOf(token: number): string | null
  /** Forgets names of tokens below `from` that the dump in a file does not have. */
  forget(descriptor: number, from: number): void
  /** The argument `from` of {@link forget}, of a dump that is begun after it: no stack gets a token any more that was issued before. */
  beginForgetting(): number
  /** Why work on libuv's pool has no requester; null where it has, and while nothing is recorded. */
  poolReason(): string | null
}

/** The calls of both bindings; mechanism only. Failures of a mallctl are thrown as `MallctlError`. */
export interface NativeBinding extends Mallctl {
  readonly kind: BindingKind
  facts(): BindingFacts
  readJemalloc(slots: Float64Array): void
  readGlibc(slots: Float64Array): void
  /**
   * How many other threads of this process run or wait for a processor or a disk (`/proc/self/task`), their kernel ids
   * in `ids` as far as it reaches; -1 where that cannot be known. Allocates nothing.
   */
  threadsAtWork(ids: Int32Array): number
  /**
   * Runs native immediates and foreground tasks of this thread, where finalizers wait. Whether tasks ran; null where that is
   * not possible. JavaScript of the service may run and throw into its uncaught exceptions; see native/finalizers.h.
   */
  runFinalizers(): boolean | null
  /**
   * V8's `used_heap_size` as the last major GC of the calling thread's isolate ended; null where none has since the last
   * call, or V8 does not report it.
   */
  heapAfterMajorGc(): number | null
  /** V8 reports major GCs of the calling thread's isolate, until as many calls have taken it back. */
  watchMajorGcs(): void
  unwatchMajorGcs(): void
  /** The last major GC of this thread that V8 told of; null where it told of none. Asks V8 for nothing. */
  lastMajorGc(): LastMajorGc | null
  /** Takes the lock of the process (all threads) under which a run is made; false where another thread has it. */
  tryRunLock(): boolean
  releaseRunLock(): void
  /** A second lock of the same kind, for changes of the state of jemalloc's profiler. */
  tryProfilingLock(): boolean
  releaseProfilingLock(): void
  /**
   * Which own properties of an object, not counting numbered ones, run code when they are read: getters of JavaScript, and
   * V8's native accessors, which pass for data. Undefined: none does; null: even to list them may run code. The function is
   * null where this Node does not tell. Not for proxies, whose traps it would run.
   */
  readonly accessorKeys: AccessorKeys | null
  /**
   * The samples of V8's heap profiler in this thread, which runs: their numbers in `numbers` where it has room for all of them,
   * negative where the object is gone. How many there are, or in words why they are not known.
   */
  heapSamples(numbers: Float64Array): number | string
  /** Reads memory that V8 maps itself; null where this binding cannot. */
  readonly mapped: MappedBinding | null
  /** The threads of this process in which the addon is loaded; null where this binding cannot tell. */
  readonly threads: ThreadsBinding | null
  /** Stacks of JavaScript in samples; null where this binding cannot. */
  readonly javaScriptStacks: JavaScriptStacksBinding | null
  /** A thread that records into a mapped file; null where this binding cannot. */
  readonly blackBox: BlackBoxBinding | null
  /** How a copy-on-write child is made; null where this binding cannot. */
  readonly twin: TwinBinding | null
}

/** The threads of this process in which the addon is loaded, over all copies of it; native/isolates.h. */
export interface ThreadsBinding {
  /** So many more listen on the calling thread for questions of other threads. */
  answer(change: number): void
  /** Null where the table is busy. */
  list(): readonly LoadedThread[] | null
  /** One thread at a time asks the others; false where another has the turn. A thread that ends gives it back. */
  takeTurn(): boolean
  giveTurn(): void
}

/** A thread in which the addon is loaded. */
interface LoadedThread {
  /** As `worker_threads.threadId`; 0 is the main thread. */
  readonly threadId: number
  /** How many listen there for questions of other threads. */
  readonly answering: number
}

/** A major GC that has ended. */
export interface LastMajorGc {
  /** V8's `used_heap_size` as it ended: what lived. */
  readonly heapBytes: number
  /** Milliseconds since its end. */
  readonly sinceMs: number
}

/** See {@link NativeBinding.accessorKeys}. */
export type AccessorKeys = (object: object) => PropertyKey[] | null | undefined

/** Facts about the allocator behind a binding in this process. */
export interface BindingFacts {
  /** `''` or `'je_'` where a mallctl was found, else null. */
  readonly mallctlPrefix: string | null
  /** Whether that jemalloc serves malloc() of this process; null where its build keeps no statistics to tell. */
  readonly servesMalloc: boolean | null
  /** Whether glibc's mallinfo2 is there and counts what malloc() of this process hands out. */
  readonly mallinfo2: boolean
}

/**
 * The live bytes of a reading: allocated less what was freed but sits in thread caches, and less what the profiler
 * adds; NaN where unknown.
 *
 * Freed regions stay in the tcache of the thread that freed them and count as allocated until it is flushed, which
 * can be done for the calling thread only: the subtraction reaches all threads.
 */
export function liveBytes(slots: Float64Array): number {
  const known = (slot: number): number => {
    const bytes = slots[slot] ?? NaN
    return Number.isNaN(bytes) ? 0 : bytes
  }
  return (slots[SLOT.rawAllocated] ?? NaN) - known(SLOT.tcache) - known(SLOT.tcacheStashed) - known(SLOT.overcount)
}
