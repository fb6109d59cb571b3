/** The context of a run of either kind, and its interface to the coordinator. */
import type { Allocator } from '../../allocator/port.js'
import type { Instrument } from '../../measure/window.js'
import type { ResidualProbe } from '../../profiling/residual/residual-probe.js'
import type { EarlierRun } from '../../report/sharing.js'
import type { AttributionReport, ReportWarning, RowError } from '../../report/types.js'
import type { ResolvedAttributeOptions, ResolvedCoordinatorOptions } from '../options.js'
import type { RegisteredCache } from '../registry.js'
import type { PlannableCache } from './plan.js'
import type { Emit } from './run-ledger.js'

/** The part of its coordinator that a run needs. */
export interface RunContext {
  readonly settings: ResolvedCoordinatorOptions
  readonly options: ResolvedAttributeOptions
  readonly allocator: Allocator
  readonly instrument: Instrument
  readonly caches: readonly RegisteredCache[]
  /** Warnings that hold for the whole run. */
  readonly warnings: readonly ReportWarning[]
  /** The latest runs, for memory that two caches share. */
  readonly earlier: readonly EarlierRun[]
  readonly rotation: number
  readonly signal: AbortSignal
  /** Dumps what lives after every release; null where that is not wanted, or not possible. */
  readonly residual: ResidualProbe | null
  readonly isRegistered: (cache: RegisteredCache) => boolean
  /** Wraps the call of a release. */
  duringRelease(release: () => unknown): unknown
  readonly emit: Emit
}

/** A cache in the plan of a run. */
export interface RunCache extends PlannableCache {
  readonly cache: RegisteredCache
}

/** One run of a coordinator, in this process or in twins. */
export interface Run {
  readonly id: string
  /** Runs to the end. */
  execute(): Promise<AttributionReport>
  /** After its end: the cache of each row of the report. */
  caches(): readonly RegisteredCache[]
  /** Adds a warning to the report and tells it. */
  warn(warning: ReportWarning): void
}

/** Why a cache is not released after an abort. */
export const ABORTED: RowError = { code: 'ERR_RUN_ABORTED', message: 'the run was aborted before its turn' }

/** Why a cache is not released that is not registered any more. */
export const UNREGISTERED: RowError = {
  code: 'ERR_RELEASE_UNREGISTERED',
  message: 'it was unregistered during the run',
}
