/** Growth in words and in points: the rows of the table, the forecast, the line of a trend and its band. */
import { isGrowing } from '../../../report/trends/format-trends.js'
import { formatBytes, formatCount } from '../../../support/units.js'
import { READINGS_MIN } from '../../../report/trends/theil-sen.js'
import type { Forecast, Trend, Trends } from '../../../report/trends/types.js'
import { ownerName } from '../../../report/discovery/owner-identity.js'
import { formatDuration } from './time.js'

/** One row of the table. */
export interface GrowthRow {
  readonly name: string
  readonly trend: Trend
  /** Growing for sure. */
  readonly isAccused: boolean
}

/** A trend at one moment. */
export interface BandPoint {
  /** Seconds since 1970. */
  readonly time: number
  readonly bytes: number
  readonly lowBytes: number
  readonly highBytes: number
}

/** The caches, and the owners that nobody registered: what grows first and the fastest of it, then the largest. */
export function growthRows({ caches, owners }: Trends): GrowthRow[] {
  const rate = ({ slope, refill }: Trend): number => slope?.bytesPerHour ?? refill?.bytesPerHour ?? 0
  const followed = owners.map((owner) => ({ name: ownerName(owner), trend: owner.trend }))
  return [...caches, ...followed]
    .map(({ name, trend }) => ({ name, trend, isAccused: isGrowing(trend) }))
    .toSorted(
      (a, b) =>
        Number(b.isAccused) - Number(a.isAccused) ||
        (a.isAccused ? rate(b.trend) - rate(a.trend) : 0) ||
        (b.trend.lastBytes ?? -1) - (a.trend.lastBytes ?? -1),
    )
}

/** Whether nothing is said of how it changes: no rate, and no end of filling again. */
export function isRateless({ verdict, slope, refill }: Trend): boolean {
  return verdict === 'unknown' && slope === null && (refill?.bytesPerHour ?? null) === null
}

/** One sentence for all that have no rate yet, and when they will; empty where there is none. */
export function ratelessWords(trends: readonly Trend[]): string {
  if (trends.length === 0) return ''
  const most = Math.max(...trends.map(({ readings }) => readings))
  const of = `of ${formatCount(trends.length)} ${trends.length === 1 ? 'row' : 'rows'}`
  const lacks =
    most < READINGS_MIN
      ? `It takes at least ${String(READINGS_MIN)} readings; the most that any has is ${String(most)}.`
      : 'The readings are too few, or scatter too much: more readings over a longer time show it.'
  return `No rate is known yet ${of}. ${lacks}`
}

/** The meaning of the verdict on the floor. */
export function floorWords({ floor }: Trends): string {
  if (!isGrowing(floor)) {
    const words = {
      stable: 'No leak is visible: memory in no cache is stable.',
      saturating: 'Memory in no cache grew, and the growth is ending.',
      unknown: 'Whether something leaks is not known yet.',
    }
    return words[floor.verdict as keyof typeof words]
  }
  const parts = [
    ['the allocator’s part (Buffers, native memory)', floor.allocated],
    ['the JS heap', floor.heap],
  ] as const
  const growing = parts.filter(([, part]) => part !== null && isGrowing(part)).map(([name]) => name)
  return `Something leaks${growing.length === 0 ? '' : `, in ${growing.join(' and ')}`}: memory in no cache grows.`
}

/** `+1.20 MiB/h`, or how a cache fills again after releases. */
export function rateWords({ slope, refill }: Trend): string {
  if (slope !== null) return rateOf(slope.bytesPerHour)
  return refill?.bytesPerHour == null ? '–' : `fills at ${formatBytes(refill.bytesPerHour)}/h`
}

/** `+1.10 to +1.30 MiB/h` of a slope. */
export function intervalWords({ slope, refill }: Trend): string {
  if (slope !== null) return `${rateOf(slope.lowBytesPerHour)} to ${rateOf(slope.highBytesPerHour)}`
  return refill?.boundBytes == null ? '–' : `stops at ${formatBytes(refill.boundBytes)}`
}

/** The evidence without what stands in the other columns, and how sure it is. */
export function reasonWords({ evidence, slope, significance }: Trend): string {
  const cut = evidence.lastIndexOf(': ')
  const reason = slope === null ? evidence : cut === -1 ? '' : evidence.slice(0, cut)
  if (slope === null || significance === null) return reason
  const chance = `p ${significance < 0.001 ? '< 0.001' : `= ${significance.toFixed(3)}`}`
  return reason === '' ? `it rises, and not by chance (${chance})` : `${reason} (${chance})`
}

/** When the limit is reached, seen from `nowMs`. */
export function forecastWords({ at, earliest, latest, usedBytes, limitBytes, slope }: Forecast, nowMs: number): string {
  const away = (moment: string): string => formatDuration(Math.max(0, Date.parse(moment) - nowMs))
  const facts = `RSS ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}, ${rateOf(slope.bytesPerHour)}`
  if (at === null) return `At this rate the limit is not reached within a hundred years (${facts}).`
  const interval =
    earliest === null
      ? ''
      : latest === null
        ? ` (not before ${away(earliest)}, perhaps never)`
        : ` (${away(earliest)} to ${away(latest)})`
  return `Limit reached in ${away(at)}${interval}: ${facts}.`
}

/** The line of a trend with its 95 % band, which is narrow in the middle of the readings; nothing where it has no slope. */
export function bandOf({ line, slope }: Trend): BandPoint[] {
  if (line === null || slope === null) return []
  const [from, to] = [Date.parse(line.from) / 1000, Date.parse(line.to) / 1000]
  const [middle, middleBytes] = [(from + to) / 2, (line.fromBytes + line.toBytes) / 2]
  const at = (time: number): BandPoint => {
    const hours = (time - middle) / 3600
    const ends = [slope.lowBytesPerHour, slope.highBytesPerHour].map((rate) => middleBytes + rate * hours)
    return {
      time,
      bytes: middleBytes + slope.bytesPerHour * hours,
      lowBytes: Math.min(...ends),
      highBytes: Math.max(...ends),
    }
  }
  return [at(from), at(middle), at(to)]
}

function rateOf(bytesPerHour: number): string {
  return `${bytesPerHour > 0 ? '+' : ''}${formatBytes(bytesPerHour)}/h`
}
