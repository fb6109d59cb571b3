/** `cache-attribution history`: what a history shows, as a table. */
import path from 'node:path'
import { readHistory } from '../../history/read-history.js'
import { SeriesStore } from '../../history/series-store.js'
import { floorTrendLine, sparkline } from '../../report/trends/format-trends.js'
import { ownerName } from '../../report/discovery/owner-identity.js'
import { trendsOf } from '../../report/trends/trends.js'
import type { TrendInput } from '../../report/trends/series.js'
import type { Trend } from '../../report/trends/types.js'
import { formatHours, formatRate } from '../../report/trends/rates.js'
import { fitLines } from '../../report/fit-lines.js'
import { formatTable, palette } from '../../report/format-table.js'
import { terminalJson } from '../../support/terminal-text.js'
import { formatBytes, printable } from '../../support/units.js'
import { readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'

const HELP = `Usage: cache-attribution history [--json] FOLDER

Shows every cache of the reports in FOLDER, the largest owners that nobody registered (of reports with \`discover\`), and
the floor below them: a line of its size over time, the rate of its growth with the 95 % interval, and the verdict
(stable, saturating, growing, unbounded, unknown).
Exit code 0: nothing grows. 3: something does.

Options:
  --json   the trends as JSON
`

/** Columns of a size over time. */
const SPARKLINE_WIDTH = 32
const NAME_WIDTH_MAX = 100
/** Owners that do not grow are shown while they are among so many of the largest. */
const OWNERS_SHOWN = 20
/** Something grows. */
const EXIT_GROWING = 3

const RULES = { json: { kind: 'switch' } } as const

/** The subcommand. */
export const historyCommand: Command = {
  name: 'history',
  summary: 'show what grows in a folder of reports: sizes over time, rates, verdicts',
  help: HELP,
  rules: RULES,
  takes: 'file',
  run: async ({ args, cwd, print, log }) => {
    const { options, operands: rest } = readArguments('history', args, RULES)
    const [folder, ...surplus] = rest
    if (folder === undefined || surplus.length > 0)
      throw usageError('"history" takes one folder, the options before it')
    const series = new SeriesStore()
    const counts = { report: 0, observation: 0, calibration: 0 }
    let latest: Date | null = null
    for await (const record of readHistory(path.resolve(cwd, folder), {
      onWarning: ({ code, message }) => log(`${code}: ${message}`),
    })) {
      series.add(record)
      counts[record.kind]++
      latest = new Date(record.at)
    }
    const { caches: lazyCaches, owners: lazyOwners, floor } = series.inputs()
    const [caches, owners] = [[...lazyCaches], [...lazyOwners]]
    const trends = trendsOf({ caches, owners, floor, memory: null, now: latest ?? new Date() })
    const rows = [
      ...trends.caches.map(({ name, trend }, index) => rowOf(name, trend, caches[index]?.input)),
      ...shownOwners(trends.owners.map((owner, index) => rowOf(ownerName(owner), owner.trend, owners[index]?.input))),
      rowOf('(floor)', trends.floor, floor.total),
    ]
    if (options.has('json')) print(`${terminalJson({ ...counts, until: latest, ...trends })}\n`)
    else {
      const paints = palette()
      const { bad } = paints
      const table = formatTable(COLUMNS, rows, paints, ({ trend }) => (isAccused(trend) ? bad : (text) => text))
      const until = latest === null ? ', no record at all' : ` until ${latest.toISOString()}`
      const head = `${String(counts.report)} reports and ${String(counts.observation)} observations${until}`
      const lines = [head, '', ...table, '', `floor: ${floorTrendLine(trends.floor)}`]
      print(`${fitLines(lines, paints.width).join('\n')}\n`)
    }
    return { code: rows.some(({ trend }) => isAccused(trend)) ? EXIT_GROWING : 0 }
  },
}

interface Row {
  readonly name: string
  readonly trend: Trend
  readonly line: string
}

const COLUMNS = [
  { title: 'cache or owner', alignsLeft: true, cell: ({ name }: Row) => printable(name, NAME_WIDTH_MAX) },
  { title: 'over time', alignsLeft: true, cell: ({ line }: Row) => line },
  { title: 'last', cell: ({ trend }: Row) => formatBytes(trend.lastBytes) },
  { title: 'an hour', cell: ({ trend: { slope } }: Row) => (slope === null ? '–' : formatRate(slope.bytesPerHour)) },
  {
    title: '95 % interval',
    cell: ({ trend: { slope } }: Row) =>
      slope === null ? '–' : `${formatRate(slope.lowBytesPerHour)} to ${formatRate(slope.highBytesPerHour)}`,
  },
  { title: 'readings', cell: ({ trend }: Row) => `${String(trend.readings)} ${trend.basis}` },
  { title: 'span', cell: ({ trend }: Row) => formatHours(trend.spanHours) },
  { title: 'verdict', alignsLeft: true, cell: ({ trend }: Row) => trend.verdict },
] as const

function rowOf(name: string, trend: Trend, input: TrendInput | undefined): Row {
  const points = (input?.[trend.basis] ?? []).flatMap(({ hours, bytes }) =>
    hours.map((at, index) => ({ hours: at, bytes: bytes[index] ?? 0 })),
  )
  return { name, trend, line: sparkline(points, SPARKLINE_WIDTH) }
}

/** All that grow, and the largest. */
function shownOwners(rows: readonly Row[]): Row[] {
  const bySize = rows.toSorted((a, b) => (b.trend.lastBytes ?? 0) - (a.trend.lastBytes ?? 0))
  return bySize.filter(({ trend }, place) => place < OWNERS_SHOWN || isAccused(trend))
}

function isAccused({ verdict }: Trend): boolean {
  return verdict === 'growing' || verdict === 'unbounded'
}
