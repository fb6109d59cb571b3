/**
 * How a row of the table grows: a line and a rate, of the best source there is.
 *
 * Rule: a history's trend comes first, then the runs of this process with what a cache holds now by its entries, then the
 * readings of this page. A change within the error is none, and what was seen once has no rate.
 */
import type { Holding } from '../../../report/holdings/types.js'
import { ownerIdentity, ownerKey } from '../../../report/discovery/owner-identity.js'
import { isGrowing } from '../../../report/trends/format-trends.js'
import type { Trend, Trends } from '../../../report/trends/types.js'
import { formatBytes } from '../../../support/units.js'
import type { CacheView, ReportSummary } from '../../admin/types.js'
import { knownBytes } from './sum-known.js'
import { rateWords } from './growth.js'
import { pointsOf, rssPoints } from './readings.js'
import type { Point, PageReading } from './readings.js'
import { formatDuration } from './time.js'

/** The part that is shown. */
export interface RowGrowth {
  readonly points: readonly Point[]
  /** `+1.20 MiB/h`, `+3.10 MiB in 2 min`, `steady`. */
  readonly words: string
  /** Where that is from. */
  readonly source: string
  /** Beyond what its source calls an error. */
  readonly isGrowing: boolean
}

/** The known changes. */
export interface GrowthSources {
  readonly trends: Trends | null
  /** Of this process, oldest first. */
  readonly reports: readonly ReportSummary[]
  readonly readings: readonly PageReading[]
  /** As they stand now. */
  readonly caches: readonly Estimated[]
}

/** A cache with its bytes by its entries now, and the age of the run that those are taken from. */
type Estimated = Pick<CacheView, 'name' | 'estimatedBytes' | 'estimatedUncertaintyBytes' | 'calibrationAgeMs'>

interface MeasuredPoint extends Point {
  readonly uncertaintyBytes: number
}

/** Less is what any process does. */
const LEAST = { bytes: 256 * 1024, share: 0.01, spanMs: 9_000 } as const

/** Of one row; null where it was seen once. */
export function growthOfRow(row: Holding, sources: GrowthSources): RowGrowth | null {
  const measured = measuredPoints(row, sources)
  const trend = trendOf(row, sources.trends)
  if (trend !== null && trend.verdict !== 'unknown') {
    return {
      points: measured.length > 1 ? measured : pointsOfTrend(trend),
      words: trend.slope === null ? trend.verdict : rateWords(trend),
      source: `${trend.verdict}, by the history: ${trend.evidence}`,
      isGrowing: isGrowing(trend),
    }
  }
  if (measured.length > 1) return changeOf(measured, sourceOf(measured, sources))
  if (row.kind === 'cache' || row.kind === 'owner' || row.kind === 'package') return null
  return changeOf(pointsOf(sources.readings, row.key).map(exact), 'this page since it was opened')
}

/** Of RSS since the page was opened; null before the second reading. */
export function growthOfRss(readings: readonly PageReading[]): RowGrowth | null {
  return changeOf(rssPoints(readings).map(exact), 'this page since it was opened')
}

/** The row that grew most between the first and the last run of this process, beyond the ±; null where none did. */
export function fastestByReports(
  rows: readonly Holding[],
  sources: GrowthSources,
): { readonly row: Holding; readonly growth: RowGrowth } | null {
  const growing = rows.flatMap((row) => {
    const points = measuredPoints(row, sources)
    const growth = points.length > 1 ? changeOf(points, sourceOf(points, sources)) : null
    const [first, last] = [points[0], points.at(-1)]
    if (growth?.isGrowing !== true || first === undefined || last === undefined) return []
    return [{ row, growth, bytes: last.bytes - first.bytes }]
  })
  return growing.toSorted((a, b) => b.bytes - a.bytes)[0] ?? null
}

function changeOf(points: readonly MeasuredPoint[], source: string): RowGrowth | null {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || last.timeMs - first.timeMs < LEAST.spanMs) return null
  const change = last.bytes - first.bytes
  const error = Math.max(
    Math.hypot(first.uncertaintyBytes, last.uncertaintyBytes),
    LEAST.bytes,
    LEAST.share * Math.abs(first.bytes),
  )
  const span = formatDuration(last.timeMs - first.timeMs)
  const isBeyond = Math.abs(change) > error
  return {
    points,
    words: isBeyond ? `${change > 0 ? '+' : ''}${formatBytes(change)} in ${span}` : 'steady',
    source: `${isBeyond ? '' : `within ${formatBytes(error)} over ${span}, `}by ${source}`,
    isGrowing: isBeyond && change > 0,
  }
}

/** A cache or an owner as the runs found it; a cache also as it stands now. */
function measuredPoints({ kind, name, key, owner }: Holding, { reports, caches: now }: GrowthSources): MeasuredPoint[] {
  if (kind === 'cache') {
    const measured = reports.flatMap(({ startedAt, caches }) => {
      const row = caches.find((candidate) => candidate.name === name)
      const error = row?.estimated === undefined ? row?.uncertaintyBytes : row.estimatedUncertaintyBytes
      const bytes = row === undefined ? null : knownBytes(row.estimated ?? row.released)
      const isKnown = row?.status === 'released' || row?.status === 'trimmed'
      if (!isKnown || bytes === null || error == null) return []
      return [{ timeMs: Date.parse(startedAt), bytes, uncertaintyBytes: error }]
    })
    const cache = now.find((candidate) => candidate.name === name)
    return [...measured, ...pointNow(measured.at(-1), cache)]
  }
  const wanted = owner === null ? null : ownerIdentity(owner)
  if (kind !== 'owner' || wanted === null || !key.startsWith('owner:')) return []
  const identity = ownerKey(wanted)
  return reports.flatMap(({ startedAt, owners }) => {
    const found = owners.find((candidate) => candidate.key === identity)
    return found === undefined ? [] : [exact({ timeMs: Date.parse(startedAt), bytes: found.bytes })]
  })
}

/** A point beyond those of the runs is what the entries say now. */
function sourceOf(points: readonly MeasuredPoint[], { reports }: GrowthSources): string {
  const isOfRun = reports.some(({ startedAt }) => Date.parse(startedAt) === points.at(-1)?.timeMs)
  return isOfRun ? 'the runs of this process' : `its entries since ${points.length > 2 ? 'the first' : 'the'} run`
}

/** By the entries now: after the last run, on the clock of the server. */
function pointNow(last: MeasuredPoint | undefined, cache: Estimated | undefined): MeasuredPoint[] {
  if (last === undefined || cache === undefined) return []
  const { estimatedBytes, estimatedUncertaintyBytes, calibrationAgeMs } = cache
  if (estimatedBytes === null || estimatedUncertaintyBytes === null || calibrationAgeMs === null) return []
  const point = { bytes: estimatedBytes, uncertaintyBytes: estimatedUncertaintyBytes }
  return [{ ...point, timeMs: last.timeMs + calibrationAgeMs }]
}

function trendOf({ kind, name, owner, row }: Holding, trends: Trends | null): Trend | null {
  if (kind === 'cache') return row?.trend ?? trends?.caches.find((candidate) => candidate.name === name)?.trend ?? null
  const identity = owner === null ? null : ownerIdentity(owner)
  if (identity === null) return owner?.growth ?? null
  const key = ownerKey(identity)
  return owner?.growth ?? trends?.owners.find((candidate) => ownerKey(candidate) === key)?.trend ?? null
}

function pointsOfTrend({ line }: Trend): Point[] {
  if (line === null) return []
  return [
    { timeMs: Date.parse(line.from), bytes: line.fromBytes },
    { timeMs: Date.parse(line.to), bytes: line.toBytes },
  ]
}

function exact(point: Point): MeasuredPoint {
  return { ...point, uncertaintyBytes: 0 }
}
