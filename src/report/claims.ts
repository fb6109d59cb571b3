/**
 * Claims that a measurement contradicts; pure.
 *
 * Rule: only the two figures are reported. Why they differ no single run can know: values that something else holds, memory
 * that was not freed, or a wrong count.
 */
import { formatBytes } from '../support/units.js'
import type { CacheAttribution, ReportWarning } from './types.js'

/** Less than this is not worth a word. */
const LEAST_BYTES = 256 * 1024
/** A row below this part of what the cache claims to hold. */
const COLLAPSED = 0.1

/**
 * Warnings about caches of which next to nothing came back of what they claim.
 *
 * @param warnings those of the run: a cache that one of them is about has its explanation
 * @param uncollected names of those whose release no collection followed: what they dropped may be garbage still
 */
export function claimWarnings(
  caches: readonly CacheAttribution[],
  warnings: readonly ReportWarning[],
  uncollected: ReadonlySet<string>,
): ReportWarning[] {
  const explained = namesIn(warnings)
  return caches.flatMap((row) => {
    const { name, status, claimedBytes, window, late } = row
    const whole = wholeBytes(row)
    if (whole === null || claimedBytes === null || claimedBytes < LEAST_BYTES) return []
    if (window !== 'atomic' || late !== undefined || uncollected.has(name)) return []
    if (whole.bytes + whole.uncertaintyBytes > COLLAPSED * claimedBytes) return []
    if (explained.has(name)) return []
    const found = `${formatBytes(whole.bytes)} ${status === 'trimmed' ? 'is what a trim estimates' : 'came back'}`
    return [
      {
        code: 'WARN_CLAIM_CONTRADICTED',
        message: `${JSON.stringify(name)} claims ${formatBytes(claimedBytes)}, and ${found}`,
        cache: name,
      },
    ]
  })
}

/** The caches that warnings are about. */
function namesIn(warnings: readonly ReportWarning[]): ReadonlySet<string> {
  return new Set(warnings.flatMap(({ cache, caches = [] }) => [...(cache === undefined ? [] : [cache]), ...caches]))
}

/** All of a cache that was emptied, or estimated with an error that is known; null of any other. */
function wholeBytes(row: CacheAttribution): { readonly bytes: number; readonly uncertaintyBytes: number } | null {
  const { status, released, entriesAfter, uncertaintyBytes, estimated, estimatedUncertaintyBytes } = row
  if (status === 'trimmed') {
    return estimated?.totalBytes == null || estimatedUncertaintyBytes == null
      ? null
      : { bytes: estimated.totalBytes, uncertaintyBytes: estimatedUncertaintyBytes }
  }
  return status !== 'released' || entriesAfter !== 0 || released.totalBytes === null
    ? null
    : { bytes: released.totalBytes, uncertaintyBytes: uncertaintyBytes ?? 0 }
}
