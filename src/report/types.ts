/** The attribution report: plain JSON, versioned. Sinks read it and change nothing. */
import type { AllocatorName, BindingKind } from '../allocator/port.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import type { MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import type { MemoryNode } from './breakdown/types.js'
import type { Discovery } from './discovery/types.js'
import type { ReportResidual } from './residual/types.js'
import type { FloorTrend, Forecast, Trend } from './trends/types.js'
import type { AttributedBytes, ReportWarning, RowFacts } from './values.js'

export type { AttributedBytes, CacheStatus, ReportWarning, RowError, RowFacts } from './values.js'

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

/** What set a run off. */
export type Trigger = 'call' | 'command' | 'http' | 'schedule' | 'growth'

/** Bytes that somebody else counts, and nobody measured. */
export interface ToldBytes {
  readonly bytes: number
  /** Who says so, and of what. */
  readonly source: string
}

/** By how much resident memory falls, in bytes. */
export interface ReturnedBytes {
  /** Less than `released` where others have memory on the same pages; more where the release tore pages of its neighbours free. */
  readonly residentBytes: number
  /** Half-width of the 95 % interval; null without controls to tell. */
  readonly uncertaintyBytes: number | null
}

/** One cache's row. */
export interface CacheAttribution extends RowFacts {
  /** What came back, measured; with what went right after (`late`). A failed release may have freed a part; a skipped one has nulls. */
  readonly released: AttributedBytes
  /** Half-width of the 95 % interval around `released.totalBytes`; null without controls to tell. */
  readonly uncertaintyBytes: number | null
  /** The same for each quantity. */
  readonly uncertainty: ByQuantity<number | null>
  /** Whether any quantity is beyond its uncertainty. False where that is unknown. */
  readonly significant: boolean
  /**
   * In a twin only: by how much RSS falls with the release, once the allocator and V8 have given every freed page back. Null where
   * the system does not tell, or the allocator has no way to give pages back.
   */
  readonly returned?: ReturnedBytes | null
  /** Trim mode only, where a part was dropped without a failure: how much, and how much of it at random. */
  readonly trim?: TrimSummary
  /** Like `trim`: the whole cache, as estimated from what was dropped. A part that failed is in `released` alone. */
  readonly estimated?: AttributedBytes
  /** Half-width of the 95 % interval around `estimated.totalBytes`; null where nothing dropped speaks for the rest. */
  readonly estimatedUncertaintyBytes?: number | null
  /** How many caches the row stands for, where they were made at one place. */
  readonly instances?: number
  /** What the library itself counts of memory that the release does not reach: told, not measured, and part of the floor. */
  readonly told?: ToldBytes
  /**
   * `atomic`: both reads in one turn of the event loop, exact but for what is `late`. `drift-corrected`: the release went on in later turns,
   * so the levels before and after were averaged and the drift taken off. Null for a skipped cache.
   */
  readonly window: 'atomic' | 'drift-corrected' | null
  /** Drift-corrected only: the part of the release that its first turn made, measured atomically. */
  readonly firstTurn?: AttributedBytes
  /**
   * Went in the turns right after the window, beyond what other work explains; part of `released`. What the other gaps between
   * turns show is in the row's ±.
   */
  readonly late?: AttributedBytes
  /** False when a read had to be taken before background work was at rest. Null for a skipped cache. */
  readonly settled: boolean | null
  /** How long this cache's window held the event loop, its collections included; of several, the longest. */
  readonly pauseMs: number
  /** With a history attached: how this cache's size changes over the reports. */
  readonly trend?: Trend
}

/** How a cache was trimmed. */
export interface TrimSummary {
  /** Parts, each measured by itself: what they differ by gives the error bar. */
  readonly batches: number
  /** Null where the cache does not count its entries. */
  readonly entriesDropped: number | null
  /** The part of `entriesDropped` that was chosen at random, and speaks for the entries that are left. */
  readonly entriesAtRandom: number | null
  /** What the estimate is scaled by. */
  readonly basis: 'entries' | 'claimed bytes' | 'fraction'
}

/** Null releases in the same run: what a window shows when nothing is released. */
export interface ReportNoise extends ByQuantity<number | null> {
  readonly controls: number
  /** Half-width of the 95 % interval of a null release; null without controls. */
  readonly allocatedBytes: number | null
}

/** The process that was measured. */
export interface ReportProcess {
  readonly pid: number
  readonly nodeVersion: string
  readonly allocator: {
    readonly name: AllocatorName
    readonly version: string | null
    /** What `allocatedBytes` is made of. */
    readonly statistic: string | null
    readonly binding: BindingKind | null
  }
}

/** A known quantity of memory, and what was measured of it. */
export interface SelfCheckPart {
  readonly expectedBytes: number
  readonly measuredBytes: number
  /** Measured ÷ expected: 1 in a process that is measured right. */
  readonly factor: number
}

/**
 * What a run measured of about 1 MiB that it had made itself, before its first window, of objects and Buffers of known size.
 * The figures are of both quantities together; of several windows they are the medians.
 */
export interface ReportSelfCheck extends SelfCheckPart {
  /** Whether each quantity is within 1 % and what null releases may show. False: `WARN_SELF_CHECK` says which is not. */
  readonly holds: boolean
  /** Null where the allocator has no statistics. */
  readonly allocated: SelfCheckPart | null
  readonly heap: SelfCheckPart
  /** Windows that it took: one, and up to two more where the last was beyond tolerance. */
  readonly attempts: number
}

/** The twins of a run. `before` and `after` of the report were read in the first of them. */
export interface ReportTwin {
  /** How many gave a result, each in another order. */
  readonly twins: number
  /** Longest pause of this process for one of them: a drain and the fork, or a collection where one was needed. */
  readonly pauseMs: number
  /** The longest fork itself. */
  readonly forkMs: number
  /** Major GCs that this process made for them. */
  readonly majorGcs: number
  /** From forks to results, all together. */
  readonly childMs: number
  /** Most memory that one of them had for itself: what it added to the machine's use. Null where unknown. */
  readonly copiedBytes: number | null
  /** Children that were forked; more than `twins` where one ended without a result. */
  readonly attempts: number
  /** This process right before the first fork, with whatever garbage it had: it collects only where it must. */
  readonly before: MemorySample
}

/** A worker thread's heap, as the thread tells it: an isolate of its own, which no release of this thread's caches reaches. */
export interface WorkerHeap {
  readonly threadId: number
  /** The name that it was given; null where this Node does not tell. */
  readonly name: string | null
  /** Null where this Node has no `worker.getHeapStatistics()` (before 22.16), or the thread did not answer in time. */
  readonly usedBytes: number | null
  /** What its heap has committed; null as above. */
  readonly committedBytes: number | null
}

/**
 * What one run of `attribute()` found. The rows and `unattributed` add up to `before` − `after` exactly, for
 * allocated, for heap and for mapped bytes.
 */
export interface AttributionReport {
  readonly schemaVersion: 1
  readonly id: string
  readonly trigger: Trigger
  readonly mode: AttributionMode
  readonly gc: GcMode
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly process: ReportProcess
  readonly before: MemorySample
  /** When the run was over; what was released first may have filled again by then. */
  readonly after: MemorySample
  readonly noise: ReportNoise
  /** In the order in which they were released. */
  readonly caches: readonly CacheAttribution[]
  /** Change in the run that no row explains: other work of the service, drift, what went right after a turn that several caches shared. */
  readonly unattributed: Figures
  /**
   * What no cache held: `before` less every row; in trim mode less every estimate. Caches that fill again during the run
   * are no part of it, so it is the figure to watch for a leak.
   */
  readonly floor: Figures & {
    /** With a history attached: how it changes over the reports, which decides whether something leaks. */
    readonly trend?: FloorTrend
  }
  /** With a history attached, where something grows and the process has a limit: when it is reached. */
  readonly forecast?: Forecast
  /** What the run cost the event loop. */
  readonly pauses: { readonly count: number; readonly longestMs: number; readonly totalMs: number }
  /**
   * How right the run measured a set that it had made itself; of several twins the one that was farthest off. Null where it was
   * not made: with `gc` other than `'forced'`, where a budget left no room, after an abort. Reports of before have none.
   */
  readonly selfCheck?: ReportSelfCheck | null
  /** With `mode: 'twin'`: what the twins cost this process. */
  readonly twin?: ReportTwin
  /**
   * Where worker threads ran: what each told of its heap before the run. Told, not measured: it is in no row, and not in
   * `floor.heapBytes`. What they allocate outside their heaps is in the allocator's figures. Workers that started before the
   * first coordinator of the process was made are not known here; `breakdown()` has their heaps together.
   */
  readonly workers?: readonly WorkerHeap[]
  /** With `discover`: large collections that nobody registered, emptied and measured in the first twin. */
  readonly discovery?: Discovery
  /**
   * With `breakdown`: where all of RSS was before the run, with what this run found of the caches. Null where the system does
   * not tell.
   */
  readonly breakdown?: MemoryNode | null
  /** With `explainResidual`, where profiling was on: what lives after every release, by who allocated it. */
  readonly residual?: ReportResidual
  readonly warnings: readonly ReportWarning[]
}
