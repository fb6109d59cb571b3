/**
 * The allocator port: what the measuring code needs of an allocator, whichever it is and however it is reached.
 *
 * Rule: figures are read, never remembered; a statistic that the allocator lacks is NaN in a reading and `null` in a
 * sample, never 0. The jemalloc, glibc and unavailable implementations pass one conformance suite.
 */
import type { MajorGcState } from '../support/environment.js'

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
  /** `thread.deallocated` of them: bytes that they have freed so far, whoever had allocated them. */
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
  /** What `allocatedBytes` of a sample is made of, e.g. `stats.allocated - tcache_bytes`; null where there is none. */
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
  /** What {@link forget} takes as `from`, of a dump that is begun after it: no stack gets a token any more that was issued before. */
  beginForgetting(): number
  /** Why work on libuv's pool has no requester; null where it has, and while nothing is recorded. */
  poolReason(): string | null
}

/** What both bindings offer; mechanism only. Failures of a mallctl are thrown as `MallctlError`. */
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
  /** Reads memory that V8 maps itself; null where this binding cannot. */
  readonly mapped: MappedBinding | null
  /** The threads of this process in which the addon is loaded; null where this binding cannot tell. */
  readonly threads: ThreadsBinding | null
  /** Stacks of JavaScript in samples; null where this binding cannot. */
  readonly javaScriptStacks: JavaScriptStacksBinding | null
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

/** The parameters of a fork. */
interface ForkOrder {
  /** Descriptor that stays open in the child, or -1. */
  readonly keepFd: number
  /** When the kernel ends the child, whatever it does, after it wrote to its parent last. */
  readonly alarmSeconds: number
  /** Kernel ids of threads that never rest; any other that works is waited for, a moment, right before the fork. */
  readonly busyThreads: readonly number[]
  /** Whether the child is the first that the kernel kills when memory is short. */
  readonly diesFirst: boolean
  /** Bytes in use of V8's young generation where all of them lie in its first page, else -1. */
  readonly youngBytes: number
}

/** Making and being a twin; see native/README.md. Mechanism only: when a process may fork is decided in src/twin/. */
export interface TwinBinding {
  facts(): TwinFacts
  /**
   * Gives V8's heap to forks until `closeHeap()`: what takes long of it need not be part of the pause for a fork. Throws
   * as `fork()` does, with nothing changed.
   */
  readonly openHeap: () => void
  /** Keeps V8's heap from forks again; nothing where it is not open. */
  readonly closeHeap: () => void
  /**
   * Learns by two scavenges how V8 marks pages of its young generation that hold nothing: a fork then gets such pages empty,
   * and this process need not copy them when it writes there. V8 must not be marking. False where that cannot be known.
   */
  learnYoungPages(scavenge: () => void): boolean
  /**
   * Forks; where V8's heap is not open, it is opened for the fork alone. In the child `run` is called and the process
   * ends after it; only the parent sees this return. Failures are thrown as `CacheAttributionError` `ERR_TWIN_FORK` with the
   * system call and its errno; nothing is forked then.
   *
   */
  fork(run: () => void, order: ForkOrder): ForkedTwin
  /** In a twin: writes to the parent; blocks while the pipe is full, and ends the twin where nobody reads any more. */
  write(text: string): void
  /** In a twin: ends it at once, with this exit code. */
  exit(code: number): void
  /**
   * In a twin: has jemalloc write its heap profile into the descriptor that was kept, over what stands there. Throws
   * `MallctlError` where it cannot.
   */
  dumpProfile(): void
  /**
   * In a twin: walks V8's heap by V8's own visitors and counts its objects by class. V8 must have collected right before.
   * `functions` are functions of every kind, `objects` those whose retained bytes are wanted; `likeSnapshot` counts as
   * V8's own snapshots do. Where this V8 is not understood, `reason` says why and nothing was done.
   */
  heapClasses(
    functions: readonly unknown[],
    objects: readonly object[],
    likeSnapshot: boolean,
  ): HeapClasses | NoHeapWalk
  /**
   * In a twin: walks V8's heap and finds the objects that alone keep at least `leastBytes` alive; `known` are objects to
   * be recognised. V8 must have collected right before.
   */
  heapOwners(functions: readonly unknown[], known: readonly object[], leastBytes: number): HeapOwners | NoHeapWalk
  /**
   * In a twin, after `heapOwners()`: writes over every named property of a plain object, private ones too, and runs no code
   * for it. How many there were; -1 where it is no plain object. Nobody may use the object afterwards.
   */
  dropFields(object: object): number
  /**
   * In a twin: V8 collects as under memory pressure, compacts, and gives its pool of freed pages back. False where this Node
   * has no way to ask for it.
   */
  purgeHeap(): boolean
  /**
   * In a twin: the allocator gives the pages that it keeps for reuse back to the system (jemalloc `arena.<all>.purge`, glibc
   * `malloc_trim(0)`). False where it is another one.
   */
  purgeAllocator(): boolean
  /** What V8 does for major GCs of this thread, told in the instant; forced ones count too. Taken from the first call on. */
  readonly majorGcs: () => MajorGcState
  /** What became of a child; null while it runs; both null where it is gone without a trace. */
  reap(pid: number): EndedTwin | null
}

/** A heap that was not walked. */
export interface NoHeapWalk {
  readonly reason: string
}

/** A walked heap: who holds what is strongly reachable. Bytes. */
export interface HeapOwners {
  readonly reason?: undefined
  readonly objectBytes: number
  readonly totalBytes: number
  /** Of V8's read-only space, which is part of `objectBytes` and not of `totalBytes`. */
  readonly readOnlyBytes: number
  /** Of memories that V8 maps itself, which the allocator does not count; -1 where that is not known. */
  readonly mappedBytes: number
  /** Of V8's table of strings, which lies outside its heap; 0 where that is not known. */
  readonly tableBytes: number
  /** Native memory by whose it is; absent where the owners are V8's snapshot's. */
  readonly native?: RawNative | NoHeapWalk
  /** In no owner. */
  readonly restBytes: number
  readonly owners: readonly RawOwner[]
  /** Where references to owners come from. */
  readonly holders: readonly RawHolder[]
  /** What lies in one owner's piece and is held out of others. */
  readonly shared: readonly RawShared[]
  /** All of `totalBytes` once more, by script and kind. */
  readonly parts: readonly RawPart[]
  /** What waits, owners or not. */
  readonly items: readonly RawItems[]
}

/** The allocator's live bytes by what leads to them. Blocks of which no pointer is found are in none of these. */
export interface RawNative {
  readonly reason?: undefined
  /** Memory of ArrayBuffers and of strings outside the heap, of the graph's objects. */
  readonly javascriptBytes: number
  /** Memory of ArrayBuffers that no object of the graph has: of other threads, of messages under way. */
  readonly otherBufferBytes: number
  /** Of Node, V8 and their libraries, all threads together. */
  readonly nodeBytes: number
  /** Of this library's addon. */
  readonly libraryBytes: number
  /** Of other addons and the libraries that they brought, by the file that is loaded. */
  readonly addons: readonly { readonly file: string; readonly bytes: number; readonly count: number }[]
}

/** References from the piece of one owner to another owner, or to members of its group. */
export interface RawHolder {
  /** Place in `owners`. */
  readonly owner: number
  /** The same; -1 where they come out of no owner's piece. */
  readonly holder: number
  readonly count: number
}

/** What two hold together, by how each is reached; texts are empty where nothing shows, both of the dominator itself. */
export interface RawShared {
  /** Place in `owners`: in whose piece it lies, its dominator's; -1 of what is in nobody's. */
  readonly owner: number
  readonly firstPath: string
  readonly firstScript: string
  readonly secondPath: string
  readonly secondScript: string
  readonly count: number
  readonly bytes: number
}

/** Items of one kind with one function, or of one class. */
export interface RawItems {
  /** Place in {@link ITEM_KINDS}. */
  readonly item: number
  readonly className: string
  /** Empty, and the line 0, where there is no function. */
  readonly siteName: string
  readonly siteScript: string
  readonly siteLine: number
  readonly count: number
  readonly retainedBytes: number
  /** -1 where nothing is buffered in such, or where they do not report it. */
  readonly bufferedBytes: number
}

/**
 * What a part of live memory is made of. The order is that of native/heap-parts.h: `data` are objects and what is
 * dominated by them, `source` the text of scripts, `bytecode` with its constants, `machine code` of the compilers, `feedback`
 * what V8 learnt of a function's calls, `functions` the descriptions of functions and scopes, `shapes` V8's maps and
 * descriptors, `closures` functions as objects and the variables of their calls, `modules` as V8 and Node keep them,
 * `strings` and `tables` what several hold.
 */
export const PART_KINDS = [
  'data',
  'source',
  'bytecode',
  'machine code',
  'feedback',
  'functions',
  'shapes',
  'closures',
  'modules',
  'strings',
  'tables',
] as const

/** One of {@link PART_KINDS}. */
export type PartKind = (typeof PART_KINDS)[number]

/**
 * What the members of a group wait for, in the order of native/heap-items.h: timers and immediates by the function that
 * they call, suspended calls of async functions and generators by theirs, modules that were loaded several times.
 */
export const ITEM_KINDS = [
  'none',
  'timers',
  'immediates',
  'calls',
  'generators',
  'modules',
  'promises',
  'sockets',
  'requests',
  'streams',
] as const

/** One of {@link ITEM_KINDS}. */
export type ItemKind = (typeof ITEM_KINDS)[number]

/** What one script has of one kind. */
export interface RawPart {
  /** Empty where it is of no script: V8's own. */
  readonly script: string
  /** Place in {@link PART_KINDS}. */
  readonly kind: number
  readonly count: number
  /** In no owner's piece: on V8's heap. */
  readonly heapBytes: number
  /** The same outside of it. */
  readonly memoryBytes: number
  /** In owners' pieces, both together. */
  readonly ownedBytes: number
}

/** An owner as the addon shows it; texts are empty and numbers -1 where there is none. */
export interface RawOwner {
  readonly className: string
  readonly path: string
  readonly script: string
  /** The script that all its members are of, by what they say or who holds them; empty where there is none, or several. */
  readonly label: string
  readonly instances: number
  /** Place in {@link ITEM_KINDS}. */
  readonly item: number
  /** The function that its members are of, or that most of it is of; empty where there is none. */
  readonly siteName: string
  readonly siteScript: string
  /** From 1 on; 0 where it is not known. */
  readonly siteLine: number
  /** How many closures of that function it holds; 0 of a group of items. */
  readonly functions: number
  readonly ownBytes: number
  /** The part of `ownBytes` outside V8's heap. */
  readonly memoryBytes: number
  /** `ownBytes` by {@link PART_KINDS}, in their order. */
  readonly kindBytes: readonly number[]
  readonly entries: number
  /** Place among the owners of the one that it lies in. */
  readonly partOf: number
  /** Place in `known` of the object that it is or lies in. */
  readonly known: number
  /** The owner itself, where it is a plain object, an array, a Map or a Set. */
  object?: object
}

/** A walked heap: what is strongly reachable, by class. Bytes. */
export interface HeapClasses {
  readonly reason?: undefined
  readonly nodes: number
  readonly edges: number
  /** Of all objects on V8's heap: what `used_heap_size` counts, right after a collection. */
  readonly objectBytes: number
  /** Of strings whose text lies outside the heap; part of their classes' shallow bytes. */
  readonly externalBytes: number
  readonly classes: readonly {
    readonly className: string
    readonly count: number
    readonly shallowBytes: number
    readonly retainedBytes: number
    /** Of the one that retains the most, and how that one is reached; texts are empty where nothing shows. */
    readonly largestBytes: number
    readonly path: string
    readonly script: string
  }[]
  /** For each of `objects`; -1 of one that was not met. */
  readonly retained: readonly number[]
}

/** What can be told before anything is forked. */
export interface TwinFacts {
  /** glibc's version; null on another libc. */
  readonly libc: string | null
  /** Import slots of the executable through which threads are woken; 0 where none can be replaced. */
  readonly signalSlots: number
  /** Whether the kernel takes a system-call filter. */
  readonly canConfine: boolean
  /** Whether this Node exports V8's notices of collections. */
  readonly tellsMajorGcs: boolean
  /** Whether this Node exports what runs finalizers without a turn of the loop. */
  readonly runsFinalizers: boolean
}

/** A fork as its parent sees it. */
export interface ForkedTwin {
  readonly pid: number
  /** The parent's end of the pipe, non-blocking. */
  readonly fd: number
  /** Finding which ranges V8 keeps from forks, or where its heap is open those that came since. */
  readonly scanMs: number
  /** Giving these ranges to the child, the fork, and where the heap was not open taking them back. */
  readonly forkMs: number
}

/** How a child ended. */
export interface EndedTwin {
  readonly code: number | null
  readonly signal: number | null
}

/** What stands behind a binding in this process. */
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
