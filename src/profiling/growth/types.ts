/** The reports of a growth monitor. */
import type { ErrorCode } from '../../support/errors.js'
import type { GrowthQuantity } from './growth-reader.js'
import type { GrowthTrigger } from './growth-rules.js'

/** A firing. */
export interface GrowthEvent {
  readonly trigger: GrowthTrigger
  readonly quantity: GrowthQuantity
  /** The quantity, confirmed. */
  readonly bytes: number
  /** The base of the growth: the level before, the limit's share, or the level at the start of the window. */
  readonly fromBytes: number
  /** The limit that `share` is a part of; null where there is none. */
  readonly limitBytes: number | null
  /** ISO 8601: when the reading was taken. */
  readonly firedAt: string
  /** From the reading that was first beyond the rule to this firing: what stood in the way takes that long. */
  readonly delayMs: number
}

/**
 * An action of a monitor that fires. `'dump'`: a heap profile of jemalloc; `'observe'`: what the caches hold, nothing is
 * released; `'attribute'`: a run in a twin; `'discover'`: the owners of live memory, found in a twin;
 * `'heap-snapshot'`: one of V8's, made in a twin; a function: whatever it does. Each of the others writes a file.
 */
export type GrowthAction =
  'dump' | 'observe' | 'attribute' | 'discover' | 'heap-snapshot' | ((event: GrowthEvent) => unknown)

/** The outcome of one action. */
export interface GrowthActionResult {
  /** `'callback'` is a function. */
  readonly action: Exclude<GrowthAction, (...values: never[]) => unknown> | 'callback'
  /** The file that it wrote; null where it wrote none. */
  readonly path: string | null
  readonly bytes: number | null
  readonly durationMs: number
  /** The token of the lease that it ran with; null where it had none. */
  readonly leaseToken: number | null
  /** `ERR_LEASE_LOST` beside a path: the file is whole, and another process may have measured at the same time. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
}

/** A firing with what came of its actions. */
export interface FinishedGrowthEvent extends GrowthEvent {
  readonly results: readonly GrowthActionResult[]
}

/** A report of a monitor. */
export interface GrowthMonitorEvents {
  /** It fires; its actions are about to begin. */
  fired: (event: GrowthEvent) => void
  /** Its actions are over. */
  finished: (event: FinishedGrowthEvent) => void
  /** Failures outside of an action: a reading that failed, files that could not be pruned. */
  failed: (error: unknown) => void
}

/** The work of a monitor so far. */
export interface GrowthStatistics {
  readonly polls: number
  /** Collections made to confirm what seemed due. */
  readonly confirmations: number
  /** Those that showed it was garbage. */
  readonly refuted: number
  readonly firings: number
  /** The latest reading; null before the first. */
  readonly bytes: number | null
}
