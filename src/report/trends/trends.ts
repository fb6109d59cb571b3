/** The trends of a history: each cache, the floor and its parts, and when the limit is reached. Pure. */
import { atOnce } from '../../support/slices.js'
import type { Steps } from '../../support/slices.js'
import type { TrendInput } from './series.js'
import type { OwnerIdentity } from '../discovery/owner-identity.js'
import type { FloorTrend, Forecast, OwnerGrowth, Trend, TrendSlope, Trends } from './types.js'
import { trendSteps } from './verdict.js'

export { trendOf } from './verdict.js'

/** The memory that the process uses, and may use. */
export interface MemoryUse {
  readonly usedBytes: number
  /** Null where there is no limit. */
  readonly limitBytes: number | null
  readonly limitSource: 'cgroup' | 'configured'
}

/** The input of {@link trendsOf}. */
export interface TrendsInput {
  readonly caches: Iterable<{ readonly name: string; readonly input: TrendInput }>
  readonly owners?: Iterable<{ readonly identity: OwnerIdentity; readonly input: TrendInput }>
  readonly floor: Readonly<Record<'total' | 'allocated' | 'heap' | 'mapped', TrendInput>>
  readonly memory: MemoryUse | null
  readonly now: Date
}

const HOUR_MS = 3_600_000
const FAR_HOURS = 100 * 365 * 24

/**
 * All trends of one history.
 *
 * @example
 * const { floor } = trendsOf(input)
 * if (floor.verdict === 'growing') console.log('something leaks:', floor.evidence)
 */
export function trendsOf(input: TrendsInput): Trends {
  return atOnce(trendsSteps(input))
}

/** {@link trendsOf} in steps of a millisecond or two; `caches` are gone through as they are come to. */
export function* trendsSteps({ caches, owners = [], floor, memory, now }: TrendsInput): Steps<Trends> {
  const trends: { name: string; trend: Trend }[] = []
  for (const { name, input } of caches) {
    trends.push({ name, trend: yield* trendSteps(input, 'cache') })
    yield
  }
  const ownerTrends: OwnerGrowth[] = []
  for (const { identity, input } of owners) {
    ownerTrends.push({ ...identity, trend: yield* trendSteps(input, 'cache') })
    yield
  }
  const floorTrend: FloorTrend = {
    ...(yield* trendSteps(floor.total, 'floor')),
    allocated: yield* partOf(floor.allocated),
    heap: yield* partOf(floor.heap),
    mapped: yield* partOf(floor.mapped),
  }
  const growing = [floorTrend, ...trends.map(({ trend }) => trend)].flatMap(({ verdict, slope }) =>
    slope !== null && (verdict === 'growing' || verdict === 'unbounded') ? [slope] : [],
  )
  // An owner's bytes are a part of the floor: they add nothing to the forecast.
  return {
    caches: trends,
    owners: ownerTrends,
    floor: floorTrend,
    forecast: memory === null ? null : forecastOf(growing, memory, now),
  }
}

function* partOf(input: TrendInput): Steps<Trend | null> {
  return Object.values(input).every((segments) => segments.length === 0) ? null : yield* trendSteps(input, 'floor')
}

/** When growth reaches the limit; null if nothing grows or there is no limit. */
export function forecastOf(growing: readonly TrendSlope[], memory: MemoryUse, now: Date): Forecast | null {
  const { limitBytes, limitSource, usedBytes } = memory
  if (growing.length === 0 || limitBytes === null) return null
  const sum = (of: (slope: TrendSlope) => number): number => growing.reduce((total, slope) => total + of(slope), 0)
  const bytesPerHour = sum((slope) => slope.bytesPerHour)
  // The errors of different quantities are taken for independent.
  const below = Math.sqrt(sum((slope) => (slope.bytesPerHour - slope.lowBytesPerHour) ** 2))
  const above = Math.sqrt(sum((slope) => (slope.highBytesPerHour - slope.bytesPerHour) ** 2))
  const slope = { bytesPerHour, lowBytesPerHour: bytesPerHour - below, highBytesPerHour: bytesPerHour + above }
  const left = Math.max(0, limitBytes - usedBytes)
  const when = (rate: number): string | null => {
    const hours = rate > 0 ? left / rate : Infinity
    return hours > FAR_HOURS ? null : new Date(now.getTime() + hours * HOUR_MS).toISOString()
  }
  return {
    limitBytes,
    limitSource,
    usedBytes,
    slope,
    at: when(slope.bytesPerHour),
    earliest: when(slope.highBytesPerHour),
    latest: when(slope.lowBytesPerHour),
  }
}
