/** The reports of releases under pressure: plain JSON. */
import type { RowError } from '../../report/types.js'

/** The memory that is bounded, at one moment. */
export interface PressureUsage {
  /** The limit in words, such as `the memory limit of /sys/fs/cgroup`. */
  readonly what: string
  readonly usedBytes: number
  readonly limitBytes: number
}

/** Where the expectation of a cache comes from, the surest first. */
export type PressureBasis = 'returned' | 'measured' | 'claimed'

/**
 * The status of a cache after a round. `released`, `trimmed`: it was. `would-release`, `would-trim`: it would be, in a dry run.
 * `failed`, `timed-out`: its release threw, rejected or did not end; it is left out from then on. `skipped`: not asked, and `error` says why.
 * `spared`: the target was met before its turn.
 */
export type PressureStatus =
  'released' | 'trimmed' | 'would-release' | 'would-trim' | 'failed' | 'timed-out' | 'skipped' | 'spared'

/** One cache in a round. */
export interface PressureRow {
  readonly name: string
  readonly status: PressureStatus
  readonly refillCost: 'low' | 'medium' | 'high'
  /** By how much resident memory was expected to fall with all of it; null where nothing is known. */
  readonly expectedBytes: number | null
  /**
   * `returned`: as the latest twin saw resident memory fall. `measured`: its live bytes, as a run measured them. Both are scaled to the
   * entries that it has now. `claimed`: by its own word alone.
   */
  readonly basis: PressureBasis | null
  /** The share that was trimmed; null where it was released as a whole, or not at all. */
  readonly fraction: number | null
  /** By how much resident memory fell, other work of the process included; negative where it grew. Null where nothing was released. */
  readonly freedBytes: number | null
  /** The longest stretch for which it held the event loop. */
  readonly pauseMs: number
  readonly error: RowError | null
}

/** One round of releases. */
export interface PressureRound {
  /** ISO 8601: when the usage was read that began it. */
  readonly startedAt: string
  readonly dryRun: boolean
  readonly before: PressureUsage
  /** Read after the last release; null of a dry run. */
  readonly after: PressureUsage | null
  /** Usage at which a round begins. */
  readonly belowBytes: number
  /** Usage at which it ends. */
  readonly untilBytes: number
  /** Whether `untilBytes` was reached; of a dry run whether the expectations suffice. */
  readonly isRelieved: boolean
  /** By how much resident memory fell in the whole round. 0 of a dry run. */
  readonly freedBytes: number
  /**
   * Live memory that went beyond that, and whose pages the allocator keeps for what is allocated next. It counts as room: nothing more is
   * released for it. 0 where the allocator was purged.
   */
  readonly keptBytes: number
  /** Whether the allocator was asked to give its freed pages back; false without jemalloc. */
  readonly isPurged: boolean
  /** For how long a run or a twin of this process was waited for. */
  readonly waitedMs: number
  readonly durationMs: number
  /** In the order of their release; those that were not asked come last. */
  readonly caches: readonly PressureRow[]
}
