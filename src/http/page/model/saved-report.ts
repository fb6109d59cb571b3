/** A report out of a file: whatever is in it, a report comes out, or why it is none. */
import { faultOfReport, isReport } from '../../../history/record-faults.js'
import { upgradeReport } from '../../../history/upgrade.js'
import type { AttributionReport } from '../../../report/types.js'

/** Larger files are none: a report of ten thousand caches has some ten MiB. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024

/** @returns the report, or in words why the text has none */
export function reportInText(text: string): AttributionReport | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'The file contains no JSON.'
  }
  // `attach --json` puts the report beside its headline.
  const inner = typeof value === 'object' && value !== null && 'report' in value ? value.report : value
  if (isReport(inner)) return upgradeReport(inner)
  return `The file contains JSON that is not a report: ${faultOfReport(inner) ?? 'it cannot be read'}.`
}
