/** Facts that caches report of themselves beside their rows, never as measured: memory that their release does not reach, how many they are, and their bounds. */
import type { AttributionReport } from '../../report/types.js'
import type { RegisteredCache } from '../registry.js'

/**
 * Adds what each cache reports to its row. One that throws, or does not know, adds nothing.
 *
 * @param caches those of the rows, in their order
 */
export function withTold(report: AttributionReport, caches: readonly RegisteredCache[]): AttributionReport {
  if (!caches.some(tells)) return report
  return {
    ...report,
    caches: report.caches.map((row, index) => {
      const releasable = caches[index]?.releasable
      const told = ask(() => releasable?.told?.())
      const instances = ask(() => releasable?.instances?.())
      const bound = ask(() => releasable?.bound?.())
      return {
        ...row,
        ...(told === null ? {} : { told }),
        ...(instances === null ? {} : { instances }),
        ...(bound === null ? {} : { bound }),
      }
    }),
  }
}

function tells({ releasable }: RegisteredCache): boolean {
  return releasable.told !== undefined || releasable.instances !== undefined || releasable.bound !== undefined
}

function ask<T>(question: () => T | null | undefined): T | null {
  try {
    return question() ?? null
  } catch {
    return null
  }
}
