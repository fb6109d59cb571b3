/**
 * One cache as a run measured it: what the report makes a row of.
 *
 * Rule: pure; what was not measured is said to be (`kind: 'none'`), never 0.
 */
import type { Figures, Reading } from '../measure/figures.js'
import type { GcMode } from '../measure/settle.js'
import type { ControlWindow } from './other-threads.js'
import type { ResidentFalls } from './returned.js'
import type { TrimmedPart } from './estimate-whole.js'
import type { CacheAttribution } from './types.js'
import type { RowFacts } from './values.js'

/** A settled reading between releases. */
export interface FigureLevel extends Figures {
  readonly atMs: number
}

/** The measurement around one release. */
export type Measurement =
  | { readonly kind: 'none' }
  | { readonly kind: 'atomic'; readonly before: Reading; readonly after: Reading }
  /** One atomic window in each of several twins. */
  | { readonly kind: 'repeated'; readonly changes: readonly Figures[] }
  /** Of a cache that was trimmed in several parts: a window for each. */
  | { readonly kind: 'batched'; readonly windows: readonly { readonly before: Reading; readonly after: Reading }[] }
  | {
      readonly kind: 'stepped'
      /** The turn in which the release was called. */
      readonly firstTurn: { readonly before: Reading; readonly after: Reading }
      readonly levelsBefore: readonly FigureLevel[]
      readonly levelsAfter: readonly FigureLevel[]
    }

/** One cache as measured: a row but for what the measurement is worth. */
export interface MeasuredCache extends RowFacts, Pick<CacheAttribution, 'settled' | 'pauseMs'> {
  readonly measurement: Measurement
  /** How garbage was collected around its release; forced where it is not said, as in a twin. */
  readonly gc?: GcMode
  /** The changes of null releases under the same kind of collection. */
  readonly controls: readonly ControlWindow[]
  /** Of a cache that was trimmed: what it counted around each part; null for one that failed, or did not end. */
  readonly trimmed?: readonly (TrimmedPart | null)[]
  /** In twins: what resident memory did, in each of them and in their controls. */
  readonly resident?: ResidentFalls
}

/** A cache of which nothing was measured, and why. */
export function unmeasured(
  name: string,
  status: MeasuredCache['status'],
  error: NonNullable<MeasuredCache['error']>,
): Omit<MeasuredCache, 'controls'> {
  return {
    name,
    status,
    measurement: { kind: 'none' },
    entriesBefore: null,
    entriesAfter: null,
    claimedBytes: null,
    settled: null,
    pauseMs: 0,
    durationMs: 0,
    error,
  }
}
