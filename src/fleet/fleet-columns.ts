/** The lines and columns in which text and page show a fleet. Pure. */
import type { TableColumn } from '../report/format-table.js'
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

const NAME_LENGTH = 60
/** In the head of a column. */
const TITLE_LENGTH = 24
/** More outliers of one cache than these are no outliers that anybody reads one by one. */
const OUTLIERS_SHOWN = 3

/** The report in a line. */
export function titleOfFleet({ replicas, caches, durationMs }: FleetReport): string {
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

/** Which value of a label has the larger entries. */
export function differenceLines({ name, differences, labels }: FleetCache): string[] {
  return differences.map(({ label, value, against, bytesPerEntry, uncertaintyBytes }) => {
    const [of, than] = [value, against].map((text) => `${printable(label, 40)} ${printable(text, 60)}`)
    const alone = (labels[label] ?? []).every(({ replicas }) => replicas === 1)
    const by = `${formatBytes(bytesPerEntry)} ± ${formatBytes(uncertaintyBytes)}`
    const note = alone ? '; one replica of each, so it may be the replica' : ''
    return `${printable(name, NAME_LENGTH)}: an entry takes ${by} more in ${of ?? ''} than in ${than ?? ''}${note}`
  })
}

/** Replicas that are far from the others. */
export function outlierLines({
  name,
  outliers,
}: {
  readonly name: string
  readonly outliers: readonly Outlier[]
}): string[] {
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

/** A row for each cache, over all replicas. */
export const FLEET_CACHE_COLUMNS: readonly TableColumn<FleetCache>[] = [
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

/** A row for each replica: its memory, and what it holds of the largest caches, at most so many. */
export function replicaColumns(caches: readonly FleetCache[], cachesMost: number): TableColumn<FleetReplica>[] {
  return [
    { title: 'replica', alignsLeft: true, cell: ({ name }) => printable(name, NAME_LENGTH) },
    { title: 'RSS', cell: ({ rssBytes }) => formatBytes(rssBytes) },
    ...caches.slice(0, cachesMost).map(({ name, byReplica }) => {
      const held = new Map(byReplica?.map(({ replica, totalBytes }) => [replica, totalBytes]))
      return {
        title: printable(name, TITLE_LENGTH),
        cell: (of: FleetReplica) => formatBytes(held.get(of.name) ?? null),
      }
    }),
  ]
}

/** A row for each owner, over all replicas. */
export const FLEET_OWNER_COLUMNS: readonly TableColumn<FleetOwner>[] = [
  { title: 'owner', alignsLeft: true, cell: ({ name }) => printable(name, 100) },
  { title: 'replicas', cell: ({ replicas }) => formatCount(replicas) },
  { title: 'retains', cell: ({ sum }) => formatBytes(sum.totalBytes) },
  { title: 'median', cell: ({ median }) => formatBytes(median.totalBytes) },
  { title: 'least', alignsLeft: true, cell: ({ least }) => ends(least) },
  { title: 'most', alignsLeft: true, cell: ({ most }) => ends(most) },
]

const WHAT_BECAME: Readonly<Record<Exclude<ReplicaStatus, 'measured'>, string>> = {
  failed: 'failed',
  unreachable: 'unreachable',
  skipped: 'skipped',
  'not-asked': 'not asked',
}

/** Replicas that were asked and not measured, and why the whole ended early. */
export function problemsOfFleet({ replicas, stopped }: FleetReport): string[] {
  const lines = replicas.flatMap(({ name, status, error }: FleetReplica) =>
    status === 'measured' || status === 'not-asked'
      ? []
      : [
          `${printable(name, 100)} ${WHAT_BECAME[status]}: ${error?.code ?? ''}: ${printable(error?.message ?? '', 300)}`,
        ],
  )
  if (stopped === null) return lines
  const notAsked = replicas.filter(({ status }) => status === 'not-asked').length
  return [...lines, `${stopped.code}: ${printable(stopped.message, 300)}; ${counted(notAsked, 'replica')} not asked`]
}
