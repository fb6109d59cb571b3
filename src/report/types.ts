/** The attribution report: plain JSON, versioned. Sinks read it and change nothing. */
import type { AllocatorName, BindingKind } from '../allocator/port.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import type { MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import type { MemoryNode } from './breakdown/types.js'
import type { Discovery, Owner } from './discovery/types.js'
import type { ReportResidual } from './residual/types.js'
import type { FloorTrend, Forecast, Trend } from './trends/types.js'
import type {
  AttributedBytes,
  ClaimBound,
  OtherThreads,
  ReportWarning,
  ReturnedBytes,
  RowFacts,
  SampledBytes,
} from './values.js'

export type { AttributedBytes, CacheStatus, ReportWarning, ReturnedBytes, RowError, RowFacts } from './values.js'

/**
 * How a run takes memory away: `release` empties each cache wholly, in the live process; `twin` does so in a
 * copy-on-write child, and the live process keeps every entry; `trim` drops a share of each, in the live process, and
 * estimates the whole.
 */
export type AttributionMode = 'release' | 'twin' | 'trim'

/** Every {@link AttributionMode}, the one that loses nothing first. */
export const ATTRIBUTION_MODES: readonly AttributionMode[] = ['twin', 'release', 'trim']

/** Which entries a trim drops: those that were not used for longest, or any. */
export type TrimChoice = 'coldest' | 'random'

/** The trigger of a run. */
export type Trigger = 'call' | 'command' | 'http' | 'schedule' | 'growth'

/** Bytes that a library or a thread counts itself, and nobody measured. */
export interface ToldBytes {
  /** As counted. */
  readonly bytes: number
  /** Who counts, and what. */
  readonly source: string
}

/** One cache's row. */
export interface CacheAttribution extends RowFacts {
  /**
   * The measured change, including what followed in later turns (`late`). A failed release may have freed a part; a
   * skipped one has nulls.
   */
  readonly released: AttributedBytes
  /** Half-width of the 95 % interval around `released.totalBytes`; null without controls. */
  readonly uncertaintyBytes: number | null
  /** The same for each quantity. */
  readonly uncertainty: ByQuantity<number | null>
  /** Whether any quantity is beyond its uncertainty. False if that is unknown. */
  readonly significant: boolean
  /**
   * In a twin only: by how much RSS falls with the release, once the allocator and V8 have given every freed page back. Null where
   * the system does not report it, or the allocator has no way to give pages back.
   */
  readonly returned?: ReturnedBytes | null
  /** Trim mode only, if a part was dropped without a failure: how much, and how much of it at random. */
  readonly trim?: TrimSummary
  /** Like `trim`: the whole cache, estimated from what was dropped. A part that failed is in `released` alone. */
  readonly estimated?: AttributedBytes
  /** Half-width of the 95 % interval around `estimated.totalBytes`; null if no dropped part represents the rest. */
  readonly estimatedUncertaintyBytes?: number | null
  /** The cache's own bound, if it counts what entries claim, and the cache shows it. */
  readonly bound?: ClaimBound
  /** How many caches the row stands for, if they were made at one place. */
  readonly instances?: number
  /**
   * The library's own count of memory that the release does not reach: reported, not measured, and part of the
   * floor.
   */
  readonly told?: ToldBytes
  /**
   * With `explainResidual`, of a cache that code fills by `account()`: what the heap profile had under the cache's frame before
   * the first release. It counts the memory that was allocated in `account()` and is live, whichever object holds it: compare it with
   * `released.allocatedBytes`.
   */
  readonly sampled?: SampledBytes
  /**
   * `atomic`: both reads in one turn of the event loop, exact except for `late`. `drift-corrected`: the release
   * continued in later turns, so the levels before and after were averaged and the drift subtracted. Null for a skipped
   * cache.
   */
  readonly window: 'atomic' | 'drift-corrected' | null
  /**
   * Atomic windows in this process only, if other threads have loaded this library: the change that those made meanwhile. It is not
   * subtracted from the row: the ± includes the part of it that null releases did not show. Null if a thread began or ended in the window.
   */
  readonly otherThreads?: OtherThreads | null
  /** Drift-corrected only: what the first turn of the release freed, measured atomically. */
  readonly firstTurn?: AttributedBytes
  /**
   * The bytes that were freed in the turns right after the window, beyond the change that other work explains; part of `released`.
   * The noise of the other gaps between turns is in the row's ±.
   */
  readonly late?: AttributedBytes
  /** False if a read was taken before background work was quiescent. Null for a skipped cache. */
  readonly settled: boolean | null
  /** How long this cache's window held the event loop, collections included; the longest if there were several. */
  readonly pauseMs: number
  /** With a history attached: how this cache's size changes over the reports. */
  readonly trend?: Trend
}

/** How a cache was trimmed. */
export interface TrimSummary {
  /** Parts, each measured by itself. The error bar comes from the variation between them. */
  readonly batches: number
  /** Entries that were dropped; null if the cache does not count them. */
  readonly entriesDropped: number | null
  /** The part of `entriesDropped` that was chosen at random and represents the entries that are left. */
  readonly entriesAtRandom: number | null
  /** The factor that scales the estimate. */
  readonly basis: 'entries' | 'claimed bytes' | 'fraction'
}

/** Null releases in the same run: what a window shows when nothing is released. */
export interface ReportNoise extends ByQuantity<number | null> {
  /** Number of windows without a release. */
  readonly controls: number
  /** Half-width of the 95 % interval of a null release; null without controls. */
  readonly allocatedBytes: number | null
}

/** The process that was measured. */
interface ReportProcess {
  /** Process id. */
  readonly pid: number
  /** For example `v20.20.2`. */
  readonly nodeVersion: string
  /** The allocator whose statistics were read, and how. */
  readonly allocator: {
    readonly name: AllocatorName
    readonly version: string | null
    /** The statistics that make up `allocatedBytes`. */
    readonly statistic: string | null
    readonly binding: BindingKind | null
  }
}

/** A known quantity of memory, and what was measured of it. */
export interface SelfCheckPart {
  /** The known size. */
  readonly expectedBytes: number
  /** The measurement of it. */
  readonly measuredBytes: number
  /** Measured ÷ expected: 1 in a process that is measured right. */
  readonly factor: number
}

/**
 * A run's measurement of a set of objects and Buffers of known size, about 1 MiB, that it made itself before its first
 * window. The figures cover both quantities; of several windows they are the medians.
 */
export interface ReportSelfCheck extends SelfCheckPart {
  /** Whether each quantity is within 1 % and the noise. If not, `WARN_SELF_CHECK` says which. */
  readonly holds: boolean
  /** Of the allocator; null if it has no statistics. */
  readonly allocated: SelfCheckPart | null
  /** Of V8's heap. */
  readonly heap: SelfCheckPart
  /** Windows that it took: one, and up to two more after a result beyond tolerance. */
  readonly attempts: number
}

/** Shares of live memory, 0 to 1; null where the whole is unknown. */
export interface Explained {
  /**
   * Of V8's heap in use: what the rows got back, and what the graph reaches strongly afterwards. It may come short by garbage
   * and by weakly held objects.
   */
  readonly heapShare: number | null
  /**
   * Of the allocator's live bytes: what the rows got back, the memory of Buffers and external strings that the graph reaches, and
   * Node itself as an empty process shows it (`discovery.live.engineBytes`; not where none could be measured). Null also where it
   * is not known how much of that memory V8 maps itself, outside the allocator.
   */
  readonly nativeShare: number | null
}

/** The twins of a run. `before` and `after` of the report were read in the first of them. */
export interface ReportTwin {
  /** How many gave a result, each in another order. */
  readonly twins: number
  /** Longest pause of this process for a twin: a drain and the fork, or a collection if one was needed. */
  readonly pauseMs: number
  /** The longest fork itself. */
  readonly forkMs: number
  /** Major GCs that this process made for them. */
  readonly majorGcs: number
  /** From forks to results, all together. */
  readonly childMs: number
  /** Most memory that a twin had for itself: what it added to the machine's use. Null if unknown. */
  readonly copiedBytes: number | null
  /** Children that were forked; more than `twins` if one ended without a result. */
  readonly attempts: number
  /** This process right before the first fork, garbage included: it collects only if it must. */
  readonly before: MemorySample
}

/**
 * A worker thread's heap, as the thread reports it. It is an isolate of its own, which no release of this thread's
 * caches reaches.
 */
export interface WorkerHeap {
  /** As `worker.threadId`. */
  readonly threadId: number
  /** Its name; null if this Node does not report it. */
  readonly name: string | null
  /**
   * Used bytes of its heap. Null if this Node has no `worker.getHeapStatistics()` (before 22.16), or if the thread did
   * not answer in time.
   */
  readonly usedBytes: number | null
  /** Committed bytes of its heap; null as above. */
  readonly committedBytes: number | null
}

/**
 * The findings of one run of `attribute()`. The rows and `unattributed` add up to `before` − `after` exactly, for
 * allocated, for heap and for mapped bytes.
 */
export interface AttributionReport {
  readonly schemaVersion: 1
  /** Unique to this run. */
  readonly id: string
  /** The trigger of the run. */
  readonly trigger: Trigger
  /** How caches were released. */
  readonly mode: AttributionMode
  /** How garbage was collected around each release. */
  readonly gc: GcMode
  /** ISO 8601. */
  readonly startedAt: string
  /** From the start of the run to this report. */
  readonly durationMs: number
  readonly process: ReportProcess
  /** The process before the first release. */
  readonly before: MemorySample
  /** The process at the end of the run. Caches that were released first may have refilled by then. */
  readonly after: MemorySample
  /** The changes of windows without a release: the source of every ±. */
  readonly noise: ReportNoise
  /** One row for each cache, in the order of release. */
  readonly caches: readonly CacheAttribution[]
  /**
   * Change during the run that no row explains: other work of the service, drift, bytes that were freed after a turn that several
   * caches shared.
   */
  readonly unattributed: Figures
  /**
   * The memory that no cache holds: `before` less every row; in trim mode less every estimate. It does not include caches that
   * refill during the run, so watch it for leaks.
   */
  readonly floor: Figures & {
    /** With `discover`: who holds it, as `discovery.owners`, without the registered caches. */
    readonly owners?: readonly Owner[]
    /** With a history attached: how it changes over the reports, which decides whether something leaks. */
    readonly trend?: FloorTrend
  }
  /**
   * When the memory limit is reached. Present if a history is attached, something grows, and the process has a limit.
   */
  readonly forecast?: Forecast
  /** The cost of the run for the event loop. */
  readonly pauses: { readonly count: number; readonly longestMs: number; readonly totalMs: number }
  /**
   * How exactly the run measured a set of known size; of several twins the least exact one. Null if it was not made:
   * with `gc` other than `'forced'`, if a budget left no room, after an abort. Older reports have none.
   */
  readonly selfCheck?: ReportSelfCheck | null
  /** With `mode: 'twin'`: what the twins cost this process. */
  readonly twin?: ReportTwin
  /**
   * The heap of each worker thread, as it reported it before the run. It is reported, not measured: it is in no row, and not
   * in `floor.heapBytes`. What workers allocate outside their heaps is in the allocator's figures. Workers that started
   * before the first coordinator are not known here; `breakdown()` has their heaps together.
   */
  readonly workers?: readonly WorkerHeap[]
  /** With `discover`: the owners of live memory, found and measured in the first twin when every cache was released. */
  readonly discovery?: Discovery
  /**
   * With `discover`: how much of the live memory before the run has a name, which is that of a row, an owner, a package, or a part
   * of the engine.
   */
  readonly explained?: Explained
  /**
   * With `breakdown`: where all of RSS was before the run, divided by the caches that this run measured. Null if the
   * system does not report it.
   */
  readonly breakdown?: MemoryNode | null
  /** With `explainResidual` and profiling on: which code allocated the memory that is still live after every release. */
  readonly residual?: ReportResidual
  /** Warnings for a reader; never a failure of the run. */
  readonly warnings: readonly ReportWarning[]
}
