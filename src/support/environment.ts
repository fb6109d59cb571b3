/**
 * The surroundings of the library: clocks, the collector, V8's figures, the event loop. Injectable, so
 * that pure rules are tested with a fake and real behaviour with this one.
 */
import { PerformanceObserver, constants, performance } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import v8 from 'node:v8'
import vm from 'node:vm'
import { isMainThread } from 'node:worker_threads'
import { CacheAttributionError, messageOf } from './errors.js'
import { ownTimers } from './own-timers.js'

/** Forced garbage collections of this isolate; both return when the collection is over. */
export interface Collector {
  /** A full mark-sweep. Backing stores of dead Buffers may still be freed on another thread afterwards. */
  major(): void
  /** A scavenge; it waits for an ArrayBuffer sweep that is under way, so after `major()` the Buffers are gone. */
  minor(): void
}

/** V8's and the operating system's figures for `process.memoryUsage()`, in bytes. */
export interface ProcessFigures {
  heapTotalBytes: number
  externalBytes: number
  arrayBuffersBytes: number
  rssBytes: number
}

/** V8's reports of its major GCs since it was first asked. */
export interface MajorGcState {
  /** It marks, in steps and on its threads. */
  readonly isMarking: boolean
  /** Begun markings and ended major GCs: another number, and something has happened. */
  readonly notices: number
  /** Milliseconds since the end of the last; null where none has ended yet. */
  readonly sinceMs: number | null
}

/** The surroundings of a coordinator. */
export interface Environment {
  readonly isMainThread: boolean
  /** Monotonic milliseconds. */
  now(): number
  /** The wall clock. */
  date(): Date
  /**
   * For how long this thread's event loop has worked since it began to turn, in milliseconds.
   * @default undefined: it is not known
   */
  activeMs?(): number
  /** Blocks this thread: no JavaScript runs, so V8's background threads run out of work. */
  sleepSync(ms: number): void
  /** Waits with the event loop turning; at least one turn. Never rejects: an abort of `signal` ends it early. */
  yieldToLoop(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs `work` alone in a macrotask of its own, with no tick or microtask waiting before it. */
  inOwnTurn(work: () => void): void
  /** Calls back when the ticks and microtasks that wait now have run, still in the same turn of the loop. */
  afterMicrotasks(callback: () => void): void
  /** Whether V8 made a major GC of its own within `timeoutMs`; `signal` ends the wait early. */
  nextMajorGc(timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /**
   * The forced collector, without a command-line flag.
   *
   * @throws CacheAttributionError `ERR_GC_UNAVAILABLE`
   */
  collector(): Collector
  /**
   * Keeps V8 from throwing compiled code away at the forced collections of a run: it would free memory at a random
   * window, and the service would compile again. Returns what restores the flag.
   */
  keepCode(): () => void
  /**
   * Has collections sweep on this thread. What V8 does not need at once it sweeps much later, so that none of its threads
   * is in the middle of it. Returns what restores the flag.
   */
  holdSweepers(): () => void
  /** Has the backing stores of dead Buffers freed on this thread. Returns what restores the flag. */
  holdBufferSweeper(): () => void
  /** `used_heap_size` of `v8.getHeapStatistics()`. */
  heapUsedBytes(): number
  /** `process.memoryUsage()` but for the used heap. @throws CacheAttributionError `ERR_RESIDENT_UNKNOWN` */
  figures(): ProcessFigures
  /**
   * How many other threads work, their ids in `ids`; -1 where that cannot be known.
   * @default undefined: the addon asks the kernel
   */
  threadsAtWork?(ids: Int32Array): number
  /**
   * Runs the finalizers that wait for a turn of the loop; see `Finalizers.run`.
   * @default undefined: the addon asks Node
   */
  runFinalizers?(): boolean | null
  /** `used_global_handles_size` of `v8.getHeapStatistics()`: references that native code holds. */
  globalHandlesBytes?(): number
  /**
   * Resident bytes that V8 maps itself; null where they cannot be read.
   * @default undefined: the addon asks V8 and the kernel
   */
  readonly mappedBytes?: () => number | null
  /**
   * V8's work for major GCs.
   * @default undefined: the addon asks V8
   */
  readonly majorGcs?: () => MajorGcState
  /**
   * Milliseconds for which the measuring code runs idle before the first run of a process, in slices, so that V8
   * compiles it then and not in a window.
   * @default undefined: not at all
   */
  readonly warmUpMs?: number
  /**
   * Whether the used heap is also read in V8's own notice of the end of a major GC, which the addon takes.
   * @default undefined: it is not
   */
  readonly readsHeapInMajorGcs?: boolean
  /**
   * Whether runs measure a set of known size before their first window, which takes real memory and a real collector.
   * @default undefined: they do not
   */
  readonly checksRuns?: boolean
}

const eventLoopUtilization = performance.eventLoopUtilization.bind(performance)
const sleepCell = new Int32Array(new SharedArrayBuffer(4))

/** Ends sooner where the signal is aborted. */
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      ownTimers.clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = ownTimers.setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

/** The real surroundings. */
export const nodeEnvironment: Environment = {
  get isMainThread() {
    return isMainThread
  },
  warmUpMs: 100,
  readsHeapInMajorGcs: true,
  checksRuns: true,
  now: ownTimers.now,
  date: ownTimers.date,
  activeMs: () => eventLoopUtilization().active,
  sleepSync: (ms) => {
    Atomics.wait(sleepCell, 0, 0, ms)
  },
  yieldToLoop: async (ms, signal) => {
    await wait(ms, signal)
    await new Promise((resolve) => ownTimers.setImmediate(resolve))
  },
  inOwnTurn: (work) => {
    ownTimers.setImmediate(work)
  },
  afterMicrotasks: (callback) => {
    // A tick that is queued by a microtask runs when the queue of microtasks is empty, before any other macrotask.
    ownTimers.queueMicrotask(() => {
      ownTimers.nextTick(callback)
    })
  },
  nextMajorGc,
  collector: () => {
    collector ??= v8Collector()
    return collector
  },
  // Who asks for it at the start wants it.
  keepCode: () => (givenOptions().includes('--flush-bytecode') ? () => undefined : switchOff('flush-bytecode')),
  holdSweepers: () => switchOff('concurrent-sweeping', 'concurrent-array-buffer-sweeping'),
  holdBufferSweeper: () => switchOff('concurrent-array-buffer-sweeping'),
  heapUsedBytes: () => v8.getHeapStatistics().used_heap_size,
  globalHandlesBytes: () => v8.getHeapStatistics().used_global_handles_size,
  figures: () => {
    const { rss, heapTotal, external, arrayBuffers } = residentKnown(() => process.memoryUsage())
    return { heapTotalBytes: heapTotal, externalBytes: external, arrayBuffersBytes: arrayBuffers, rssBytes: rss }
  },
}

/** Runs what reads the resident memory of this process. @throws CacheAttributionError `ERR_RESIDENT_UNKNOWN` */
export function residentKnown<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_RESIDENT_UNKNOWN',
      `the resident memory of this process cannot be read (${messageOf(error)}); on Linux /proc must be mounted`,
      { cause: error },
    )
  }
}

const GC_POLL_MS = 25
/** The clock of performance entries. A test that fakes the clock puts its own on the object. */
const entriesClock = Object.getPrototypeOf(performance) as typeof performance
const entriesNow = (): number => entriesClock.now.call(performance)

function nextMajorGc(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const startedAtMs = entriesNow()
    const endMs = ownTimers.now() + timeoutMs
    const finish = (collected: boolean): void => {
      observer.disconnect()
      ownTimers.clearInterval(timer)
      signal?.removeEventListener('abort', giveUp)
      resolve(collected)
    }
    const giveUp = (): void => {
      finish(false)
    }
    const observer = new PerformanceObserver((list) => {
      // Where something else watches collections too, the first list may hold some from before the wait.
      const isMajor = (entry: PerformanceEntry): boolean =>
        entry.startTime >= startedAtMs &&
        (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
      if (list.getEntries().some(isMajor)) finish(true)
    })
    // Node reports a collection when the loop next turns: an idle one is kept turning.
    const timer = ownTimers.setInterval(
      () => {
        if (ownTimers.now() >= endMs) giveUp()
      },
      Math.min(timeoutMs, GC_POLL_MS),
    )
    observer.observe({ entryTypes: ['gc'] })
    signal?.addEventListener('abort', giveUp)
    if (signal?.aborted === true) giveUp()
  })
}

let collector: Collector | undefined

/**
 * V8 hands out its gc function under --expose-gc only, but a context made while the flag is on keeps it. A context of
 * our own is asked also where the flag is on: `globalThis.gc` may be a stand-in that does nothing.
 */
function v8Collector(): Collector {
  const gc = gcOfNewContext() ?? exposedGc()
  if (typeof gc !== 'function') {
    throw new CacheAttributionError(
      'ERR_GC_UNAVAILABLE',
      'V8 gave no gc function (was --expose-gc refused by a policy?)',
    )
  }
  const collect = gc as (options?: { type: 'minor' }) => void
  return {
    major: () => {
      collect()
    },
    minor: () => {
      collect({ type: 'minor' })
    },
  }
}

const EXPOSURES_MAX = 5

/** Flags are those of the process: another thread may take this one away in between. */
function exposedGc(): unknown {
  let gc: unknown
  for (let attempt = 0; attempt < EXPOSURES_MAX && typeof gc !== 'function'; attempt++) {
    v8.setFlagsFromString('--expose-gc')
    try {
      gc = gcOfNewContext()
    } finally {
      // It was off before, or a new context would have had it.
      v8.setFlagsFromString('--no-expose-gc')
    }
  }
  return gc
}

function gcOfNewContext(): unknown {
  return vm.runInNewContext('globalThis.gc')
}

/** Options of Node and V8 as they were given at the start, in one spelling. V8 reports no flag's value. */
function givenOptions(): string[] {
  return [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].map((option) =>
    option.replaceAll('_', '-').replace(/^--no(?!-)/, '--no-'),
  )
}

/** Flags that do without V8's threads altogether. */
const WITHOUT_THREADS = ['--single-threaded', '--single-threaded-gc', '--predictable']

/**
 * Switches a flag of V8 off that is on by default. What was off from the start stays so; what the service itself switches
 * off while it runs is not known here.
 *
 * Rule: V8 of Node 20 and 22 switches off with a flag what is of no use without it, and does not switch that on again:
 * `implied` are those flags, and whether they are all is tested (test/twin/flags.test.ts).
 */
function switchOff(flag: string, ...implied: readonly string[]): () => void {
  const given = givenOptions()
  const wasOff = (name: string): boolean =>
    [`--no-${name}`, ...WITHOUT_THREADS].some((option) => given.includes(option))
  if (wasOff(flag)) return () => undefined
  v8.setFlagsFromString(`--no-${flag}`)
  return () => {
    for (const name of [flag, ...implied]) if (!wasOff(name)) v8.setFlagsFromString(`--${name}`)
  }
}
