/**
 * Caches that were registered, and are perhaps not those that the service uses: a package that is there as an ES module and as CommonJS has
 * each of its caches twice, and one of them stays empty.
 */
import type { AttributionReport, CacheAttribution, ReportWarning } from '../../report/types.js'
import type { Environment } from '../../support/environment.js'
import type { RegisteredCache } from '../registry.js'
import { neverFilled } from './warnings.js'

/** The event loop must have worked so long since the registration: before it a cache is empty rightly. */
const WORKED_MS = 1000

/**
 * Notes which caches had entries, and adds a warning for each that never had one while the service worked.
 *
 * @param caches those of the rows, in their order
 */
export function withNeverFilled(
  report: AttributionReport,
  caches: readonly RegisteredCache[],
  environment: Environment,
  warn: (warning: ReportWarning) => void,
): AttributionReport {
  const activeMs = environment.activeMs?.() ?? null
  const warnings = report.caches.flatMap((row, index) => {
    const cache = caches[index]
    if (cache === undefined) return []
    // A twin counts in the child, where nothing is noted for this process.
    if ((row.entriesBefore ?? 0) > 0 || (row.claimedBytes ?? 0) > 0) cache.hadEntries = true
    if (!isEmptySoFar(row, cache) || activeMs === null || cache.registeredActiveMs === null) return []
    const busyMs = activeMs - cache.registeredActiveMs
    return busyMs < WORKED_MS ? [] : [neverFilled(cache.name, busyMs)]
  })
  for (const warning of warnings) warn(warning)
  return warnings.length === 0 ? report : { ...report, warnings: [...report.warnings, ...warnings] }
}

/** Several of one place were found and not chosen; one that frees something holds entries that it does not count. */
function isEmptySoFar(row: CacheAttribution, { hadEntries, releasable }: RegisteredCache): boolean {
  return row.entriesBefore === 0 && !hadEntries && !row.significant && releasable.instances === undefined
}
