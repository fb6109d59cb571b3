/**
 * From a series to its verdict. Pure.
 *
 * Rule: nothing is accused unless its interval lies above zero, Mann–Kendall agrees, and no wave of a day can explain it; what
 * is not sure is `unknown`, never `stable`.
 */
import { atOnce } from '../../support/slices.js'
import type { Steps } from '../../support/slices.js'
import { formatBytes } from '../../support/units.js'
import { median } from '../statistics.js'
import { formatHours, formatRate } from './rates.js'
import { describeRefill, refillOf } from './refill.js'
import { readingsOf, hoursSpanned } from './series.js'
import type { Segment, SeriesBasis, TrendInput } from './series.js'
import { estimateSlope } from './theil-sen.js'
import type { SlopeEstimate } from './theil-sen.js'
import type { Trend, TrendLine, TrendVerdict } from './types.js'

/** Whether a cache is judged, whose filling tells something, or a floor, whose first minutes show nothing. */
export type TrendKind = 'cache' | 'floor'

/** Two-sided; only rises accuse, so half of it is the rate of false alarms. */
const SIGNIFICANT = 0.02
/** A wave of the day may be so high, of the level, from its lowest to its highest. */
const WAVE_SHARE = 0.3
/** Growth below both is none: of the level, and in bytes. */
const IMMATERIAL = { share: 0.05, bytes: 256 * 1024 } as const
/** Later growth below this part of the earlier is dying down; above the other it is not. */
const DYING = 0.5
const STEADY = 0.6
/** A cache that held less than this part of what it holds now has filled. */
const FILLED = 0.75
/** A growth by this part of where it began is much. */
const MUCH = 0.5
/** The first readings of a process: code is compiled and loaded, pools fill. */
const WARM_UP = { share: 0.1, hours: 1 } as const
/** This many measured readings are better than any number of estimates. */
const MEASURED_ENOUGH = 8
const HOUR_MS = 3_600_000

/**
 * The trend of one quantity: whether the bytes of a cache or of the floor grow with time, how fast, and how certain that is.
 *
 * @example
 * const { verdict, slope } = trendOf(input, 'cache')
 */
export function trendOf(input: TrendInput, kind: TrendKind): Trend {
  return atOnce(trendSteps(input, kind))
}

/** {@link trendOf} in steps of a millisecond or two. */
export function* trendSteps(input: TrendInput, kind: TrendKind): Steps<Trend> {
  const basis = basisOf(input)
  const all = input[basis]
  const head = {
    basis,
    lastBytes: lastOf(all),
    readings: readingsOf(all),
    lifetimes: new Set(all.map(({ lifetime }) => lifetime)).size,
    spanHours: hoursSpanned(all),
  }
  const refill = kind === 'cache' ? yield* refillOf([...input.measured, ...input.estimated]) : null
  if (refill !== null) {
    const described = describeRefill(refill)
    // With one reading a refill, what it had come to each time shows whether it comes to more and more.
    const [verdict, evidence] =
      refill.saturates === null ? yield* judge(yield* estimateSlope(endsOf(all))) : [described.verdict, '']
    return {
      ...head,
      slope: null,
      line: null,
      significance: null,
      verdict,
      evidence:
        evidence === '' ? described.evidence : `${described.evidence}; the size that it reached each time: ${evidence}`,
      refill,
    }
  }
  const segments = kind === 'floor' ? all.map(withoutWarmUp) : all
  const estimate = yield* estimateSlope(segments)
  const [verdict, evidence] = yield* judge(estimate)
  const { slope, significance } = estimate
  return { ...head, verdict, evidence, slope, line: lineOf(estimate), significance }
}

/** The line through the middle of the readings of the level that was read last. */
function lineOf({ slope, segments }: SlopeEstimate): TrendLine | null {
  const end = ({ hours }: Segment): number => hours.at(-1) ?? -Infinity
  const [first, ...others] = segments
  if (slope === null || first === undefined) return null
  const last = others.reduce((latest, segment) => (end(segment) > end(latest) ? segment : latest), first)
  const { bytesPerHour } = slope
  const [from, to] = [last.hours[0] ?? 0, end(last)]
  const rest = last.bytes.map((value, index) => value - bytesPerHour * ((last.hours[index] ?? 0) - from))
  const fromBytes = median(rest)
  return {
    from: new Date(from * HOUR_MS).toISOString(),
    to: new Date(to * HOUR_MS).toISOString(),
    fromBytes: Math.round(fromBytes),
    toBytes: Math.round(fromBytes + bytesPerHour * (to - from)),
  }
}

/** The last reading of each refill, those of a lifetime on one level. */
function endsOf(segments: readonly Segment[]): Segment[] {
  const lifetimes = new Map<string, { hours: number[]; bytes: number[] }>()
  for (const { hours, bytes, isRefill, lifetime } of segments) {
    const [at, size] = [hours.at(-1), bytes.at(-1)]
    if (!isRefill || at === undefined || size === undefined) continue
    const ends = lifetimes.get(lifetime) ?? { hours: [], bytes: [] }
    lifetimes.set(lifetime, ends)
    ends.hours.push(at)
    ends.bytes.push(size)
  }
  return [...lifetimes].map(([lifetime, ends]) => ({
    ...ends,
    startHours: ends.hours[0] ?? 0,
    isRefill: false,
    lifetime,
  }))
}

function basisOf(input: TrendInput): SeriesBasis {
  const order = ['measured', 'estimated', 'claimed'] as const
  const enough = order.find((basis) => readingsOf(input[basis]) >= MEASURED_ENOUGH)
  return enough ?? order.reduce((best, basis) => (readingsOf(input[basis]) > readingsOf(input[best]) ? basis : best))
}

function lastOf(segments: readonly Segment[]): number | null {
  let last: { at: number; bytes: number } | null = null
  for (const { hours, bytes } of segments) {
    const at = hours.at(-1)
    if (at !== undefined && (last === null || at >= last.at)) last = { at, bytes: bytes.at(-1) ?? 0 }
  }
  return last?.bytes ?? null
}

function withoutWarmUp(segment: Segment): Segment {
  const start = segment.hours[0] ?? 0
  const warm = start + Math.min(WARM_UP.hours, WARM_UP.share * ((segment.hours.at(-1) ?? 0) - start))
  const first = segment.hours.findIndex((at) => at >= warm)
  return first <= 0 ? segment : { ...segment, hours: segment.hours.slice(first), bytes: segment.bytes.slice(first) }
}

function* judge({ slope, significance, isWaveRemoved, segments }: SlopeEstimate): Steps<[TrendVerdict, string]> {
  if (significance === null) return ['unknown', 'too few readings for a rate']
  if (slope === null) return ['unknown', 'the readings scatter too much for a rate']
  const { bytesPerHour, lowBytesPerHour, highBytesPerHour } = slope
  const hours = Math.max(...segments.map((segment) => (segment.hours.at(-1) ?? 0) - (segment.hours[0] ?? 0)))
  const level = Math.abs(median(segments.flatMap(({ bytes }) => bytes)))
  const least = Math.max(IMMATERIAL.share * level, IMMATERIAL.bytes)
  const rate = `${formatRate(bytesPerHour)} (${formatRate(lowBytesPerHour)} to ${formatRate(highBytesPerHour)})`
  const facts = `${rate}, p ${formatP(significance)}, within ${formatHours(hours)}`
  const rises = lowBytesPerHour > 0 && significance < SIGNIFICANT
  if (!rises) {
    const filled = filling(segments)
    if (filled !== null)
      return [
        'saturating',
        `it filled from ${formatBytes(filled.from)} to ${formatBytes(filled.to)}, most of it at first: ${facts}`,
      ]
    if (highBytesPerHour * hours < least) return ['stable', `no growth that matters: ${facts}`]
    return ['unknown', `growth cannot be distinguished from none: ${facts}`]
  }
  const early = (yield* estimateSlope(halfOf(segments, false), false)).slope
  const late = (yield* estimateSlope(halfOf(segments, true), false)).slope
  const slows =
    early !== null && late !== null && early.lowBytesPerHour > 0 && late.highBytesPerHour < DYING * early.bytesPerHour
  if (slows)
    return [
      'saturating',
      `${formatRate(early.bytesPerHour)} at first, ${formatRate(late.bytesPerHour)} later: ${facts}`,
    ]
  if (bytesPerHour * hours < IMMATERIAL.bytes) return ['stable', `growth too small to matter: ${facts}`]
  const wave = level * WAVE_SHARE * Math.min(1, (Math.PI * hours) / 24)
  if (!isWaveRemoved && lowBytesPerHour * hours < wave) {
    return ['unknown', `it rises, but no more than a daily wave may; two days of readings decide: ${facts}`]
  }
  const isSteady =
    late !== null && late.lowBytesPerHour > 0 && early !== null && late.bytesPerHour >= STEADY * early.bytesPerHour
  const start = Math.max(0, level - (bytesPerHour * hours) / 2)
  if (isSteady && bytesPerHour * hours >= MUCH * start) {
    return ['unbounded', `it grew by ${formatBytes(bytesPerHour * hours)}, as fast in the end: ${facts}`]
  }
  return ['growing', facts]
}

/** A curve that rises and flattens is no line, and has no rate: of the longest segment the first sixth and the thirds after it. */
function filling(segments: readonly Segment[]): { from: number; to: number } | null {
  const length = ({ hours }: Segment): number => (hours.at(-1) ?? 0) - (hours[0] ?? 0)
  const longest = segments.reduce((best, segment) => (length(segment) > length(best) ? segment : best))
  const start = longest.hours[0] ?? 0
  const level = (from: number, to: number): number | null => {
    const part = longest.bytes.filter((_, index) => {
      const share = ((longest.hours[index] ?? 0) - start) / length(longest)
      return share >= from && share <= to
    })
    return part.length < 2 ? null : median(part)
  }
  const [first, middle, last] = [level(0, 1 / 6), level(1 / 3, 2 / 3), level(2 / 3, 1)]
  if (first === null || middle === null || last === null || first > FILLED * last) return null
  return last - middle < DYING * (middle - first) ? { from: first, to: last } : null
}

/** The earlier or the later half of each segment. */
function halfOf(segments: readonly Segment[], isLate: boolean): Segment[] {
  return segments.map((segment) => {
    const middle = ((segment.hours[0] ?? 0) + (segment.hours.at(-1) ?? 0)) / 2
    const cut = segment.hours.findIndex((at) => at > middle)
    const part = <T>(values: readonly T[]): T[] => (isLate ? values.slice(cut) : values.slice(0, cut))
    return cut === -1 ? segment : { ...segment, hours: part(segment.hours), bytes: part(segment.bytes) }
  })
}

function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`
}
