/** The records of a history, and the part of a coordinator that it needs: structures, so that neither imports the other. */
import type { AttributionReport } from '../report/types.js'
import type { WarningCode } from '../support/errors.js'

/** Plain JSON that is only carried. */
export type Json = Readonly<Record<string, unknown>>

/** The part of an observation that a history keeps: of what `coordinator.observe()` returns. */
export interface HistoryObservation {
  readonly sample: AttributionReport['before']
  readonly caches: readonly {
    readonly name: string
    readonly entries: number | null
    readonly claimedBytes: number | null
    readonly estimatedBytes: number | null
    readonly estimatedUncertaintyBytes: number | null
  }[]
}

/** The members of every record. */
interface RecordHead {
  /** ISO 8601, by the wall clock of the process that wrote it. */
  readonly at: string
  /** Milliseconds since that process opened its history, by a clock that never steps. */
  readonly upMs: number
  /** Which process lifetime it is of. */
  readonly lifetime: string
}

/** One line of a history. Fields that this version does not know are kept. */
export type HistoryRecord =
  | (RecordHead & { readonly kind: 'report'; readonly report: AttributionReport })
  | (RecordHead & { readonly kind: 'observation'; readonly observation: HistoryObservation })
  | (RecordHead & { readonly kind: 'calibration'; readonly calibration: Json })

/** Something that a history has to say; never a failure of the service. */
export interface HistoryWarning {
  readonly code: WarningCode
  readonly message: string
}

/** Clocks of a history; for tests and simulations. */
export interface HistoryClock {
  /** Monotonic milliseconds. */
  now(): number
  /** The wall clock. */
  date(): Date
}

/** The part of a coordinator that {@link ReportHistory.attach} needs. */
export interface AttachableCoordinator {
  /** The calibrations, as plain JSON. */
  readonly calibration: object
  /** Takes them up again. */
  restoreCalibration(state: unknown): void
  /** Adds to every report before it is given out; returns what undoes that. */
  extendReports(extend: (report: AttributionReport) => Promise<AttributionReport>): () => void
}
