/**
 * Bounds that count claims, of caches whose claims a measurement contradicts; pure.
 *
 * Rule: the number to use is given only where the measurement of the whole cache is beyond its error, and no other warning says that the row
 * is something else.
 */
import { formatBytes, signed } from '../support/units.js'
import type { CacheAttribution, ReportWarning } from './types.js'

/** Less than this is not worth a word. */
const LEAST_BYTES = 256 * 1024
/** Claims that are off by less bound well enough. */
const FACTOR = 1.25
/** Below this part of the claims their values are likely held by something else. */
const COLLAPSED = 0.1

/** Warnings about caches whose bound holds another amount of memory than it says. */
export function boundWarnings(
  caches: readonly CacheAttribution[],
  warnings: readonly ReportWarning[],
): ReportWarning[] {
  const explained = new Set(warnings.flatMap(({ cache = '', caches: names = [] }) => [cache, ...names]))
  return caches.flatMap((row) => (explained.has(row.name) ? [] : boundWarning(row)))
}

function boundWarning(row: CacheAttribution): ReportWarning[] {
  const { name, bound, claimedBytes, entriesBefore } = row
  const whole = wholeOfRow(row)
  if (bound === undefined || whole === null || claimedBytes === null || claimedBytes <= 0) return []
  const off = Math.abs(whole.bytes - claimedBytes)
  const factor = whole.bytes / claimedBytes
  const isRight = factor < FACTOR && factor > 1 / FACTOR
  if (isRight || factor < COLLAPSED || off < LEAST_BYTES || off <= whole.uncertaintyBytes) return []
  const { option, maxClaimedBytes } = bound
  const fitting = Math.floor(maxClaimedBytes / factor)
  const entry =
    entriesBefore === null || entriesBefore === 0
      ? ''
      : `, ${String(Math.round(whole.bytes / entriesBefore))} B an entry`
  const size = formatBytes(maxClaimedBytes)
  return [
    {
      code: 'WARN_BOUND_MISCOUNTS',
      message: `${JSON.stringify(name)} holds ${signed(factor, 2)} × what it claims${entry}: ${option} ${size} would hold ${formatBytes(factor * maxClaimedBytes)}. For ${size} use ${option}: ${String(fitting)} (${formatBytes(fitting)}), or sizeCalculation: calibratedSize(coordinator, ${JSON.stringify(name)})`,
      cache: name,
    },
  ]
}

/** Of a cache that was emptied, or estimated, with an error that is known. */
function wholeOfRow(row: CacheAttribution): { readonly bytes: number; readonly uncertaintyBytes: number } | null {
  const { status, released, entriesAfter, uncertaintyBytes, estimated, estimatedUncertaintyBytes } = row
  const [bytes, uncertainty] =
    status === 'trimmed'
      ? [estimated?.totalBytes, estimatedUncertaintyBytes]
      : status === 'released' && (entriesAfter === 0 || entriesAfter === null)
        ? [released.totalBytes, uncertaintyBytes]
        : [null, null]
  return bytes == null || uncertainty == null ? null : { bytes, uncertaintyBytes: uncertainty }
}
