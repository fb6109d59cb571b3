/** The reports over time: one line for the floor and one for each cache. */
import { floorBytes, knownBytes } from './sum-known.js'
import type { ReportSummary, ReportSummaryRow } from '../../admin/types.js'

/** One line; null where the cache was not measured. */
export interface HistoryLine {
  readonly name: string
  readonly values: readonly (number | null)[]
  /** The value of the line, null where it has no value at all. */
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
  const ordered = withRestarts(reports.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)))
  const rows = ordered.map(({ report }) => new Map(report?.caches.map((row) => [row.name, row])))
  const names = new Set(reports.flatMap(({ caches }) => caches.map(({ name }) => name)))
  const caches = [...names].map((name) =>
    line(
      name,
      rows.map((byName) => measured(byName.get(name))),
    ),
  )
  return {
    times: ordered.map(({ time }) => time),
    floor: line(
      'floor',
      ordered.map(({ report }) => (report === null ? null : floorBytes(report.floor))),
    ),
    caches: caches.toSorted(
      (a, b) => (b.lastBytes ?? -Infinity) - (a.lastBytes ?? -Infinity) || (a.name < b.name ? -1 : 1),
    ),
  }
}

/** Between two processes lies a moment without a report, so that no line joins what one held with what the other does. */
function withRestarts(reports: readonly ReportSummary[]): { time: number; report: ReportSummary | null }[] {
  return reports.flatMap((report, index) => {
    const time = Date.parse(report.startedAt) / 1000
    const before = reports[index - 1]
    if (before === undefined || before.pid === report.pid) return [{ time, report }]
    return [
      { time: (Date.parse(before.startedAt) / 1000 + time) / 2, report: null },
      { time, report },
    ]
  })
}

function measured(row: ReportSummaryRow | undefined): number | null {
  if (row === undefined || (row.status !== 'released' && row.status !== 'trimmed')) return null
  return knownBytes(row.estimated ?? row.released)
}

function line(name: string, values: readonly (number | null)[]): HistoryLine {
  return { name, values, lastBytes: values.findLast((value) => value !== null) ?? null }
}
