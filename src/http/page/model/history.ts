/** The reports over time: one line for the floor and one for each cache. */
import { floorBytes, knownBytes } from './bytes.js'
import type { ReportSummary, ReportSummaryRow } from './types.js'

/** One line; null where the cache was not measured. */
export interface HistoryLine {
  readonly name: string
  readonly values: readonly (number | null)[]
  /** What the line stands at, null where it has no value at all. */
  readonly lastBytes: number | null
}

/** All lines over one axis of time. */
export interface History {
  /** Seconds since 1970, rising. */
  readonly times: readonly number[]
  readonly floor: HistoryLine
  /** The largest at their last value first. */
  readonly caches: readonly HistoryLine[]
}

/** Lines of the reports, oldest first, whatever the order they come in. */
export function historyOf(reports: readonly ReportSummary[]): History {
  const ordered = reports.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
  const rows = ordered.map(({ caches }) => new Map(caches.map((row) => [row.name, row])))
  const names = new Set(ordered.flatMap(({ caches }) => caches.map(({ name }) => name)))
  const caches = [...names].map((name) =>
    line(
      name,
      rows.map((byName) => measured(byName.get(name))),
    ),
  )
  return {
    times: ordered.map(({ startedAt }) => Date.parse(startedAt) / 1000),
    floor: line(
      'floor',
      ordered.map(({ floor }) => floorBytes(floor)),
    ),
    caches: caches.toSorted(
      (a, b) => (b.lastBytes ?? -Infinity) - (a.lastBytes ?? -Infinity) || (a.name < b.name ? -1 : 1),
    ),
  }
}

function measured(row: ReportSummaryRow | undefined): number | null {
  if (row === undefined || (row.status !== 'released' && row.status !== 'trimmed')) return null
  return knownBytes(row.estimated ?? row.released)
}

function line(name: string, values: readonly (number | null)[]): HistoryLine {
  return { name, values, lastBytes: values.findLast((value) => value !== null) ?? null }
}
