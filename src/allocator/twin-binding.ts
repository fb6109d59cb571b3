/**
 * How native code makes a twin and works inside one; native/README.md is its contract.
 *
 * Rule: mechanism alone. When a process may fork is decided in src/twin/.
 */
import type { MajorGcState } from '../support/environment.js'
import type { HeapClasses, HeapOwners, NoHeapWalk } from './heap-walk.js'

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
  /** V8's work for major GCs of this thread, told in the instant; forced ones count too. Taken from the first call on. */
  readonly majorGcs: () => MajorGcState
  /** The end of a child; null while it runs; both null where it is gone without a trace. */
  reap(pid: number): EndedTwin | null
}

/** Facts that are known before anything is forked. */
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
