/** Lines and trends over one axis of time, as the chart takes them. */
import type { Trend } from '../../../report/trends/types.js'
import { bandOf } from './growth.js'

/** One line; null is a gap, undefined is no reading of this line at that moment. */
export interface ChartLine {
  readonly values: readonly (number | null | undefined)[]
  /** A custom property of the page, `--heap-used`. */
  readonly color: string
  readonly kind: 'readings' | 'floor' | 'trend' | 'edge'
}

/** The drawn part. */
export interface ChartData {
  /** Seconds since 1970, rising. */
  readonly times: readonly number[]
  readonly lines: readonly ChartLine[]
  /** Pairs of lines with the space between them filled: the upper one, the lower one. */
  readonly bands: readonly (readonly [upper: number, lower: number])[]
}

/** A line of readings, and its trend where there is one. */
export interface ChartInput {
  readonly values: readonly (number | null)[]
  readonly color: string
  readonly isFloor: boolean
  readonly trend: Trend | null
}

/** A filling cache has no straight line, and an unknown one has none. */
const IS_STRAIGHT: ReadonlySet<string> = new Set(['growing', 'unbounded', 'stable'])

/**
 * From where to where an axis of time goes, in seconds: a minute at least around what it shows. What the chart would choose for one
 * reading is a thousand days.
 */
export function axisRange(times: readonly number[]): [number, number] {
  const [from = 0, to = from] = [times[0], times.at(-1)]
  return to - from < 60 ? [(from + to) / 2 - 30, (from + to) / 2 + 30] : [from, to]
}

/** Puts both onto one axis: the moments of the readings, and those between which the trends are drawn. */
export function chartDataOf(readingTimes: readonly number[], inputs: readonly ChartInput[]): ChartData {
  const points = inputs.map(({ trend }) => (trend === null || !IS_STRAIGHT.has(trend.verdict) ? [] : bandOf(trend)))
  const times = [...new Set([...readingTimes, ...points.flat().map(({ time }) => time)])].toSorted((a, b) => a - b)
  const spread = (known: ReadonlyMap<number, number | null>): (number | null | undefined)[] =>
    times.map((time) => known.get(time))
  const lines: ChartLine[] = []
  const bands: [number, number][] = []
  for (const [index, { values, color, isFloor }] of inputs.entries()) {
    const byTime = new Map(readingTimes.map((time, at) => [time, values[at] ?? null]))
    lines.push({ values: spread(byTime), color, kind: isFloor ? 'floor' : 'readings' })
    const band = points[index] ?? []
    if (band.length === 0) continue
    const edge = (of: 'bytes' | 'lowBytes' | 'highBytes'): (number | null | undefined)[] =>
      spread(new Map(band.map((point) => [point.time, Math.max(0, point[of])])))
    bands.push([lines.length, lines.length + 1])
    lines.push(
      { values: edge('highBytes'), color, kind: 'edge' },
      { values: edge('lowBytes'), color, kind: 'edge' },
      { values: edge('bytes'), color, kind: 'trend' },
    )
  }
  return { times, lines, bands }
}
