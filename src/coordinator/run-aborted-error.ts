/** The error of a run that was aborted: it carries what was measured. */
import type { AttributionReport } from '../report/types.js'
import { CacheAttributionError } from '../support/errors.js'

/**
 * Thrown by `attribute()` after an abort (`ERR_RUN_ABORTED`). `report` has the rows that were measured until then.
 *
 * @example
 * try { await coordinator.attribute({ signal: AbortSignal.timeout(10_000) }) }
 * catch (error) { if (error instanceof RunAbortedError) console.log(formatReport(error.report)) }
 */
export class RunAbortedError extends CacheAttributionError {
  /** Complete but for the caches that were not reached: those are `skipped` with `ERR_RUN_ABORTED`. */
  readonly report: AttributionReport

  constructor(report: AttributionReport) {
    const done = report.caches.filter(({ status }) => status !== 'skipped').length
    super('ERR_RUN_ABORTED', `the run was aborted after ${String(done)} of ${String(report.caches.length)} caches`)
    this.report = report
  }
}
