import type { AttributionReport } from '../../report/types.js'
import { wholeOf } from '../../report/whole.js'
import type { RegisteredCache } from '../registry.js'

/**
 * Keeps what a report found on the caches themselves, for `observe()` and releases under pressure.
 *
 * @param caches those of the rows, in their order
 */
export function remember(report: AttributionReport, caches: readonly RegisteredCache[]): void {
  for (const [index, row] of report.caches.entries()) {
    const cache = caches[index]
    // A failed trim says nothing of the whole, and must not hide the finding of an earlier run.
    const isUnknown = row.status === 'skipped' || (report.mode === 'trim' && row.estimated === undefined)
    if (cache === undefined || isUnknown) continue
    const { bytes, uncertaintyBytes } = wholeOf(row, report.mode)
    const measuredBytes = bytes.totalBytes ?? 0
    if (row.returned != null && measuredBytes > (uncertaintyBytes ?? 0)) {
      cache.lastReturned = { residentBytes: row.returned.residentBytes, measuredBytes }
    }
    cache.lastMeasured = { ...bytes, uncertaintyBytes, reportId: report.id, measuredAt: report.startedAt }
  }
}
