/** A fleet's report as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { fitParts } from '../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../report/format-table.js'
import type { Palette, TableColumn } from '../report/format-table.js'
import { boolean, optional, resolveOptions } from '../support/options.js'
import { formatBytes, formatCount, formatMs, printable } from '../support/units.js'
import type {
  FleetCache,
  FleetOwner,
  FleetReplica,
  FleetReport,
  Outlier,
  ReplicaBytes,
  ReplicaStatus,
} from './types.js'

/** How {@link formatFleet} writes. */
export interface FormatFleetOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
  /**
   * Columns that a line may have, 20 or more.
   * @default those of the terminal where standard output is one and `color` is not given, else Infinity
   */
  readonly width?: number | undefined
}

const NAME_LENGTH = 60
/** More outliers of one cache than these are no outliers that anybody reads one by one. */
const OUTLIERS_SHOWN = 3

/**
 * Outliers first, then a table of the caches over all replicas, owners where they were sought, and the replicas that were
 * not measured with the reason.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 */
export function formatFleet(report: FleetReport, options?: FormatFleetOptions): string {
  const { color, width } = resolveOptions('formatFleet()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const parts = [
    [paints.strong(titleOf(report))],
    [...report.caches.flatMap(differenceLines), ...[...report.caches, ...report.owners].flatMap(outlierLines)],
    report.caches.length === 0
      ? []
      : formatTable(CACHE_COLUMNS, report.caches, paints, ({ replicas }) => (replicas === 0 ? paints.dim : plain)),
    replicaLines(report, paints),
    ownerLines(report.owners, paints),
    problemLines(report, paints),
  ]
  return fitParts(parts, paints.width)
}

function plain(text: string): string {
  return text
}

function titleOf({ replicas, caches, durationMs }: FleetReport): string {
  const measured = replicas.filter(({ status }) => status === 'measured').length
  const of =
    measured === replicas.length
      ? counted(measured, 'replica')
      : `${formatCount(measured)} of ${counted(replicas.length, 'replica')}`
  const what = caches.length === 0 && measured > 0 ? 'No registered cache in' : 'Caches of'
  return `${what} ${of}, in ${formatMs(durationMs)}`
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`
}

function differenceLines({ name, differences, labels }: FleetCache): string[] {
  return differences.map(({ label, value, against, bytesPerEntry, uncertaintyBytes }) => {
    const [of, than] = [value, against].map((text) => `${printable(label, 40)} ${printable(text, 60)}`)
    const alone = (labels[label] ?? []).every(({ replicas }) => replicas === 1)
    const by = `${formatBytes(bytesPerEntry)} ± ${formatBytes(uncertaintyBytes)}`
    const note = alone ? '; one replica of each, so it may be the replica' : ''
    return `${printable(name, NAME_LENGTH)}: an entry takes ${by} more in ${of ?? ''} than in ${than ?? ''}${note}`
  })
}

function outlierLines({ name, outliers }: { readonly name: string; readonly outliers: readonly Outlier[] }): string[] {
  const lines = outliers.slice(0, OUTLIERS_SHOWN).map(({ replica, totalBytes, timesMedian }) => {
    const times = timesMedian === null ? '' : `, ${timesMedian.toFixed(1)} × the median`
    return `${printable(name, NAME_LENGTH)}: ${printable(replica, 100)} holds ${formatBytes(totalBytes)}${times}`
  })
  const more = outliers.length - lines.length
  return more <= 0
    ? lines
    : [...lines, `${printable(name, NAME_LENGTH)}: ${formatCount(more)} more are far from the median`]
}

function ends(of: ReplicaBytes | null): string {
  return of === null ? '–' : `${formatBytes(of.totalBytes)} ${printable(of.replica, 40)}`
}

const CACHE_COLUMNS: readonly TableColumn<FleetCache>[] = [
  { title: 'cache', alignsLeft: true, cell: ({ name }) => printable(name, NAME_LENGTH) },
  { title: 'replicas', cell: ({ replicas }) => formatCount(replicas) },
  { title: 'sum', cell: ({ sum }) => formatBytes(sum.totalBytes) },
  { title: '±', cell: ({ sum }) => formatBytes(sum.uncertaintyBytes) },
  { title: 'claimed', cell: ({ sum }) => formatBytes(sum.claimedBytes) },
  { title: 'entries', cell: ({ sum }) => formatCount(sum.entries) },
  { title: 'B/entry', cell: ({ perEntry }) => formatCount(perEntry?.bytesPerEntry ?? null) },
  { title: 'median', cell: ({ median }) => formatBytes(median?.totalBytes ?? null) },
  { title: 'least', alignsLeft: true, cell: ({ least }) => ends(least) },
  { title: 'most', alignsLeft: true, cell: ({ most }) => ends(most) },
]

/** A table of more replicas is read by nobody; a terminal has no room for more caches. */
const [REPLICAS_SHOWN, CACHES_SHOWN] = [16, 5]

/** What each replica holds of the largest caches. */
function replicaLines({ replicas, caches }: FleetReport, paints: Palette): string[] {
  const measured = replicas.filter(({ status }) => status === 'measured')
  if (caches.length === 0 || measured.length < 2 || measured.length > REPLICAS_SHOWN) return []
  const columns: TableColumn<FleetReplica>[] = [
    { title: 'replica', alignsLeft: true, cell: ({ name }) => printable(name, NAME_LENGTH) },
    { title: 'RSS', cell: ({ rssBytes }) => formatBytes(rssBytes) },
    ...caches.slice(0, CACHES_SHOWN).map(({ name, byReplica }) => ({
      title: printable(name, 24),
      cell: (of: FleetReplica) =>
        formatBytes(byReplica?.find(({ replica }) => replica === of.name)?.totalBytes ?? null),
    })),
  ]
  return formatTable(columns, measured, paints, () => plain)
}

const OWNER_COLUMNS: readonly TableColumn<FleetOwner>[] = [
  { title: 'owner', alignsLeft: true, cell: ({ name }) => printable(name, 100) },
  { title: 'replicas', cell: ({ replicas }) => formatCount(replicas) },
  { title: 'retains', cell: ({ sum }) => formatBytes(sum.totalBytes) },
  { title: 'median', cell: ({ median }) => formatBytes(median.totalBytes) },
  { title: 'least', alignsLeft: true, cell: ({ least }) => ends(least) },
  { title: 'most', alignsLeft: true, cell: ({ most }) => ends(most) },
]

function ownerLines(owners: readonly FleetOwner[], paints: Palette): string[] {
  if (owners.length === 0) return []
  return [
    paints.strong('Owners that nobody registered'),
    '',
    ...formatTable(OWNER_COLUMNS, owners, paints, () => plain),
  ]
}

const WHAT_BECAME: Readonly<Record<Exclude<ReplicaStatus, 'measured'>, string>> = {
  failed: 'failed',
  unreachable: 'unreachable',
  skipped: 'skipped',
  'not-asked': 'not asked',
}

function problemLines({ replicas, stopped }: FleetReport, paints: Palette): string[] {
  const lines = replicas.flatMap(({ name, status, error }: FleetReplica) =>
    status === 'measured' || status === 'not-asked'
      ? []
      : [
          paints.bad(
            `${printable(name, 100)} ${WHAT_BECAME[status]}: ${error?.code ?? ''}: ${printable(error?.message ?? '', 300)}`,
          ),
        ],
  )
  const notAsked = replicas.filter(({ status }) => status === 'not-asked').length
  const end =
    stopped === null
      ? []
      : [`${stopped.code}: ${printable(stopped.message, 300)}; ${counted(notAsked, 'replica')} not asked`]
  return [...lines, ...end.map((line) => paints.bad(line))]
}
