/** What caches tell of memory that their release does not reach: beside their rows, and never as measured. */
import type { AttributionReport } from '../report/types.js'
import type { RegisteredCache } from './registry.js'

/** Adds what each cache tells to its row. One that throws, or does not know, tells nothing. */
export function withTold(report: AttributionReport, caches: readonly RegisteredCache[]): AttributionReport {
  const tellers = new Map(caches.flatMap((cache) => (cache.releasable.told === undefined ? [] : [[cache.name, cache]])))
  if (tellers.size === 0) return report
  return {
    ...report,
    caches: report.caches.map((row) => {
      const told = ask(tellers.get(row.name))
      return told === null ? row : { ...row, told }
    }),
  }
}

function ask(cache: RegisteredCache | undefined): ReturnType<NonNullable<RegisteredCache['releasable']['told']>> {
  try {
    return cache?.releasable.told?.() ?? null
  } catch {
    return null
  }
}
