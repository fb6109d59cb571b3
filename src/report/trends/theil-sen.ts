/**
 * The slope of a noisy series, and how sure it is: Theil–Sen with the ranks of the Mann–Kendall statistic, pure.
 *
 * Rule: robust against outliers, since only ranks count; honest about noise that resembles itself and about the wave of the day,
 * both of which make a series look surer than it is.
 */
import type { Steps } from '../../support/slices.js'
import { median, studentT } from '../statistics.js'
import type { TrendSlope } from './types.js'
import { bucketed, readingsOf } from './series.js'
import type { Segment } from './series.js'
import { withoutDailyWave } from './daily-wave.js'

/** More are condensed into buckets first: the pairs of this many are sorted in some milliseconds. */
const BUCKETS_MAX = 288
/**
 * The likeness of readings is an estimate too, and so is the wave: without this, 93 of 100 intervals hold the slope of simulated
 * histories (bench/trends.ts).
 */
const COVERAGE_FACTOR = 1.15
/**
 * Noise that wanders without end (a random walk) leads the line astray by less than so many times the range of what is left, in 97 of 100
 * cases. Of independent noise the ranks say more, and that is used.
 */
const ENVELOPE = 3
/** With fewer there is no interval. */
export const READINGS_MIN = 6

/** A slope, and what is known of it. */
export interface SlopeEstimate {
  /** Null where there are too few readings, or they tell so little that the interval has no ends. */
  readonly slope: TrendSlope | null
  /** Two-sided p of Mann–Kendall; null with too few readings. */
  readonly significance: number | null
  /** Whether the wave of the day was taken off; where it was not, a rise may be a part of it. */
  readonly isWaveRemoved: boolean
  /** Its readings: buckets, with the wave subtracted if there was one. */
  readonly segments: readonly Segment[]
}

/**
 * The common slope of all segments, each on a level of its own, with its 95 % interval.
 *
 * @param hasWave false: they have no wave of the day, or not any more
 * @returns steps of a millisecond or two each, also where the segments hold a million readings
 */
export function* estimateSlope(all: readonly Segment[], hasWave = true): Steps<SlopeEstimate> {
  const condensed = (yield* bucketed(all, BUCKETS_MAX)).filter(({ hours }) => hours.length >= 3)
  const count = readingsOf(condensed)
  const unknown = { slope: null, significance: null, isWaveRemoved: false, segments: condensed }
  if (count < READINGS_MIN) return unknown
  const { segments, varianceInflation, isRemoved } = hasWave
    ? yield* withoutDailyWave(condensed)
    : { segments: condensed, varianceInflation: 1, isRemoved: false }
  const unsorted = pairSlopes(segments)
  yield
  const slopes = unsorted.sort()
  yield
  const middle = slopes[slopes.length >> 1] ?? 0
  const bytesPerHour = slopes.length % 2 === 1 ? middle : (middle + (slopes[(slopes.length >> 1) - 1] ?? 0)) / 2
  const { inflation, effective, range } = independence(segments, bytesPerHour)
  yield
  const variance = segments.reduce((sum, { bytes }) => sum + kendallVariance(bytes), 0) * inflation * varianceInflation
  yield
  const score = segments.reduce((sum, { bytes }) => sum + kendallScore(bytes), 0)
  const quantile = COVERAGE_FACTOR * studentT(Math.max(1, effective - 2 * segments.length))
  const reach = quantile * Math.sqrt(variance)
  const low = Math.floor((slopes.length - reach) / 2)
  const high = Math.ceil((slopes.length + reach) / 2)
  const byRank = twoSided(score, variance, quantile / 1.96)
  const [byRankLow, byRankHigh] =
    low < 0 || high >= slopes.length ? [-Infinity, Infinity] : [slopes[low] ?? 0, slopes[high] ?? 0]
  // The rest after the line wanders within this range: so much of the line may be wandering too.
  const reachOfRange =
    (ENVELOPE * range) / Math.max(...segments.map(({ hours }) => (hours.at(-1) ?? 0) - (hours[0] ?? 0)))
  const isNarrower = 2 * reachOfRange < byRankHigh - byRankLow
  const [lowBytesPerHour, highBytesPerHour] = isNarrower
    ? [bytesPerHour - reachOfRange, bytesPerHour + reachOfRange]
    : [byRankLow, byRankHigh]
  const byRange = reachOfRange === 0 ? byRank : 2 * normalTail((1.96 * Math.abs(bytesPerHour)) / reachOfRange)
  const significance = isNarrower ? Math.min(byRank, byRange) : byRank
  const slope = Number.isFinite(lowBytesPerHour) ? { bytesPerHour, lowBytesPerHour, highBytesPerHour } : null
  return { slope, significance, isWaveRemoved: isRemoved, segments }
}

/** Slopes of all pairs within a segment. */
function pairSlopes(segments: readonly Segment[]): Float64Array {
  const slopes = new Float64Array(segments.reduce((sum, { hours: { length } }) => sum + (length * (length - 1)) / 2, 0))
  let filled = 0
  for (const { hours, bytes } of segments) {
    for (let later = 1; later < hours.length; later++) {
      for (let earlier = 0; earlier < later; earlier++) {
        const elapsed = (hours[later] ?? 0) - (hours[earlier] ?? 0)
        if (elapsed > 0) slopes[filled++] = ((bytes[later] ?? 0) - (bytes[earlier] ?? 0)) / elapsed
      }
    }
  }
  return slopes.subarray(0, filled)
}

/** Mann–Kendall's S of one segment: pairs that rise less pairs that fall. */
function kendallScore(bytes: readonly number[]): number {
  let score = 0
  for (let later = 1; later < bytes.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) score += Math.sign((bytes[later] ?? 0) - (bytes[earlier] ?? 0))
  }
  return score
}

/** Its variance where there is no trend and no likeness, ties counted. */
function kendallVariance(bytes: readonly number[]): number {
  const term = (count: number): number => count * (count - 1) * (2 * count + 5)
  const ties = new Map<number, number>()
  for (const value of bytes) ties.set(value, (ties.get(value) ?? 0) + 1)
  return [...ties.values()].reduce((left, count) => left - term(count), term(bytes.length)) / 18
}

/**
 * By how much noise that resembles itself widens the variance, and how many independent readings there are in truth.
 *
 * Likeness is looked for at every scale: means of 1, 2, 4, 8 … neighbours scatter by 1/√m as much if neighbours know nothing of each other.
 * The scale at which they scatter most in excess counts: slow noise under fast noise hides from the nearest neighbours.
 */
function independence(
  segments: readonly Segment[],
  slope: number,
): { inflation: number; effective: number; range: number } {
  const left = segments.map(({ hours, bytes }) => {
    const rest = bytes.map((value, index) => value - slope * (hours[index] ?? 0))
    const middle = median(rest)
    return rest.map((value) => value - middle)
  })
  const flat = left.flat()
  const bound = 3 * 1.4826 * median(flat.map(Math.abs))
  // Outliers are independent of each other and would hide the likeness of the others.
  const tamed = left.map((values) => values.map((value) => Math.max(-bound, Math.min(bound, value))))
  const count = flat.length
  const tameValues = tamed.flat()
  const single = meanSquare(tameValues)
  // A series without any noise has no likeness either.
  if (single === 0) return { inflation: 1, effective: count, range: 0 }
  const range = Math.max(...tameValues) - Math.min(...tameValues)
  let inflation = neighbourInflation(tamed, count)
  for (let scale = 2; ; scale *= 2) {
    const means = tamed.flatMap((values) => blockMeans(values, scale))
    if (means.length < BLOCKS_MIN) break
    // The fit takes a level and a slope of each segment away, most of which is scatter of the largest scales.
    const lost = means.length / Math.max(1, means.length - 2 * segments.length)
    inflation = Math.max(inflation, ((scale * meanSquare(means)) / single) * lost)
  }
  return { inflation, effective: count / inflation, range }
}

const BLOCKS_MIN = 9

function blockMeans(values: readonly number[], size: number): number[] {
  return Array.from({ length: Math.floor(values.length / size) }, (_, block) => {
    const part = values.slice(block * size, (block + 1) * size)
    return part.reduce((sum, value) => sum + value, 0) / size
  })
}

/** As if the likeness died down by the same factor from each reading to the next. */
function neighbourInflation(segments: readonly (readonly number[])[], count: number): number {
  let products = 0
  let squares = 0
  for (const values of segments) {
    for (const [index, value] of values.entries()) {
      squares += value * value
      products += value * (values[index + 1] ?? 0)
    }
  }
  const fitted = 2 * segments.length
  const raw = products / squares
  const likeness = Math.min(0.95, Math.max(0, raw + (1 + 2 * Math.max(0, raw)) * (fitted / count)))
  return (1 + likeness) / (1 - likeness)
}

function meanSquare(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length)
}

/** `widening`: what few independent readings add to a normal distribution's tails. */
function twoSided(score: number, variance: number, widening: number): number {
  if (variance <= 0) return 1
  const z = Math.max(0, Math.abs(score) - 1) / Math.sqrt(variance) / widening
  return Math.min(1, 2 * normalTail(z))
}

/** P(Z > z) of a standard normal variable (Abramowitz and Stegun 26.2.17; off by 7.5e-8 at most). */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}
