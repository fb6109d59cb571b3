/** Trends as a terminal shows them. Pure. */
import { formatBytes, formatCount, printable } from '../../support/units.js'
import { ownerName } from '../discovery/owner-identity.js'
import { formatHours, formatRate } from './rates.js'
import type { FloorTrend, Forecast, Trend, TrendVerdict, Trends } from './types.js'

/** Words of this library's own, in a report that may come from elsewhere. */
const WORD_LENGTH_MAX = 20

/** `growing +1.20 MiB/h`; `–` where there is no trend. */
export function trendCell(trend: Trend | undefined): string {
  if (trend === undefined) return '–'
  const { verdict, slope, refill } = trend
  const word = printable(verdict, WORD_LENGTH_MAX)
  if (slope !== null)
    return verdict === 'stable' || verdict === 'unknown' ? word : `${word} ${formatRate(slope.bytesPerHour)}`
  const bound = refill?.boundBytes ?? null
  return bound === null ? word : `${word} at ${formatBytes(bound)}`
}

/** The meaning of a verdict on the floor. */
const LEAK: Readonly<Record<TrendVerdict, string>> = {
  stable: 'no sign of a leak',
  saturating: 'it grew, and the growth is ending',
  growing: 'something leaks',
  unbounded: 'something leaks',
  unknown: 'whether something leaks is not known yet',
}

/** One line on the floor, with the part that grows. */
export function floorTrendLine(trend: FloorTrend): string {
  const { verdict, evidence, spanHours, readings } = trend
  const parts = [
    ['the allocator’s part (Buffers, native memory)', trend.allocated],
    ['the JS heap', trend.heap],
    ['WebAssembly memories and resizable buffers', trend.mapped],
  ] as const
  const growing = parts.filter(([, part]) => isGrowing(part))
  const which = growing.map(([name, part]) => `${name} ${formatRate(part?.slope?.bytesPerHour ?? 0)}`).join(' and ')
  const isLeak = isGrowing(trend) || growing.length > 0
  const what = isGrowing(trend) || !isLeak ? LEAK[verdict] : LEAK.growing
  return `${isGrowing(trend) || !isLeak ? printable(verdict, WORD_LENGTH_MAX) : 'growing in part'}: ${what}${which === '' ? '' : `, in ${which}`}; ${printable(evidence, 200)} (${formatCount(readings)} readings over ${formatHours(spanHours)})`
}

/** Whether a trend accuses. */
export function isGrowing(trend: Trend | null | undefined): boolean {
  return trend?.verdict === 'growing' || trend?.verdict === 'unbounded'
}

/** When the limit is reached. */
export function forecastLine({ limitBytes, limitSource, usedBytes, slope, at, earliest, latest }: Forecast): string {
  const when = at === null ? 'in more than a hundred years' : printable(at, 40)
  const between =
    earliest === null
      ? ''
      : ` (${latest === null ? `not before ${printable(earliest, 40)}, perhaps never` : `${printable(earliest, 40)} to ${printable(latest, 40)}`})`
  return `RSS of ${formatBytes(usedBytes)} reaches the limit of ${formatBytes(limitBytes)} (${printable(limitSource, 20)}) at ${formatRate(slope.bytesPerHour)}: ${when}${between}`
}

/** All of them, a line each. */
export function trendsText({ caches, owners, floor, forecast }: Trends): string {
  return [
    `floor: ${floorTrendLine(floor)}`,
    ...caches.map(
      ({ name, trend }) =>
        `${printable(name, 60)}: ${printable(trend.verdict, WORD_LENGTH_MAX)}; ${printable(trend.evidence, 200)}`,
    ),
    ...owners.map(
      (owner) =>
        `${printable(ownerName(owner), 100)}: ${printable(owner.trend.verdict, WORD_LENGTH_MAX)}; ${printable(owner.trend.evidence, 200)}`,
    ),
    ...(forecast === null ? [] : [`forecast: ${forecastLine(forecast)}`]),
  ].join('\n')
}

const BARS = '▁▂▃▄▅▆▇█'

/** Columns at most, each the mean of its readings, from the least to the greatest; a blank if it has none. */
export function sparkline(
  points: readonly { readonly hours: number; readonly bytes: number }[],
  width: number,
): string {
  const [first] = points
  if (first === undefined) return ''
  let [start, end] = [first.hours, first.hours]
  for (const { hours } of points) [start, end] = [Math.min(start, hours), Math.max(end, hours)]
  const columns = Array.from({ length: width }, () => ({ sum: 0, count: 0 }))
  for (const { hours, bytes } of points) {
    const index = end === start ? 0 : Math.min(width - 1, Math.floor((width * (hours - start)) / (end - start)))
    const column = columns[index]
    if (column !== undefined) [column.sum, column.count] = [column.sum + bytes, column.count + 1]
  }
  const means = columns.map(({ sum, count }) => (count === 0 ? null : sum / count))
  const known = means.filter((mean) => mean !== null)
  const [least, most] = [Math.min(...known), Math.max(...known)]
  return means
    .map((mean) => {
      if (mean === null) return ' '
      const share = most === least ? 0 : (mean - least) / (most - least)
      return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? ' '
    })
    .join('')
}
