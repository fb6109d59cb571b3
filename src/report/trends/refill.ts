/**
 * Caches that live releases empty: how they fill again. Pure.
 *
 * Rule: ages count, not times: all refills are laid over each other, and what a cache holds so long after its release tells
 * whether filling comes to an end.
 */
import type { Steps } from '../../support/slices.js'
import { formatBytes } from '../../support/units.js'
import { median } from '../statistics.js'
import { bucketed } from './series.js'
import type { Segment } from './series.js'
import type { Refill, TrendVerdict } from './types.js'

/** With fewer readings, or fewer in one of the thirds, an end of the filling cannot be known. */
const READINGS_MIN = 9
const THIRD_MIN = 3
/** More are condensed first: this many points draw the curve of a cache's size over its age. */
const READINGS_MAX = 1024
/** Growth from the second third of the ages to the last, as a part of that from the first to the second. */
const ENDS = 0.25
/** Readings of one age differ by chance: growth within this part of the level is none. */
const FLAT_SHARE = 0.05

/** Null where no release emptied it. */
export function* refillOf(segments: readonly Segment[]): Steps<Refill | null> {
  const refills = segments.filter(({ isRefill }) => isRefill)
  if (refills.length === 0) return null
  const points = (yield* bucketed(refills, READINGS_MAX))
    .flatMap(({ hours, bytes, startHours }) =>
      hours.map((at, index) => ({ age: at - startHours, bytes: bytes[index] ?? 0 })),
    )
    .filter(({ age }) => age > 0)
    .toSorted((a, b) => a.age - b.age)
  const oldest = points.at(-1)?.age ?? 0
  const thirds = [0, 1, 2].map((third) =>
    points.filter(({ age }) => Math.min(2, Math.floor((3 * age) / oldest)) === third),
  )
  const [first = [], second = [], last = []] = thirds
  const [low, middle, high] = [first, second, last].map((third) => median(third.map(({ bytes }) => bytes)))
  const early = first.length > 0 ? first : points
  const head = {
    bytesPerHour: early.length === 0 ? null : median(early.map(({ age, bytes }) => bytes / age)),
    refills: new Set(refills.map(({ lifetime, startHours }) => `${lifetime}/${String(startHours)}`)).size,
  }
  if (points.length < READINGS_MIN || thirds.some(({ length }) => length < THIRD_MIN)) {
    return { ...head, saturates: null, boundBytes: null }
  }
  const [then, later] = [(middle ?? 0) - (low ?? 0), (high ?? 0) - (middle ?? 0)]
  const saturates = later <= Math.max(ENDS * then, FLAT_SHARE * (high ?? 0))
  return { ...head, saturates, boundBytes: saturates ? Math.round(high ?? 0) : null }
}

/** Its meaning. */
export function describeRefill({ bytesPerHour, saturates, boundBytes, refills }: Refill): {
  verdict: TrendVerdict
  evidence: string
} {
  const rate = bytesPerHour === null ? '' : ` at ${formatBytes(bytesPerHour)}/h`
  const seen = refills === 1 ? 'one release' : `${String(refills)} releases`
  if (saturates === null)
    return { verdict: 'unknown', evidence: `it fills again${rate} after ${seen}; too few readings to see an end` }
  return saturates
    ? { verdict: 'saturating', evidence: `after ${seen} it fills again${rate} and stops at ${formatBytes(boundBytes)}` }
    : { verdict: 'growing', evidence: `after ${seen} it fills again${rate}, and no end of it was seen` }
}
