/**
 * Series of readings, cut into segments, and their condensation into buckets. Pure.
 *
 * Rule: what follows from two readings follows from two of one segment only: each has a level of its own.
 */
import type { Steps } from '../../support/slices.js'
import { median } from '../statistics.js'

/** Where readings come from: runs, estimates between runs, or what caches claim. */
export type SeriesBasis = 'measured' | 'estimated' | 'claimed'

/** Readings on one level: of one process lifetime, or of a cache from one live release to the next. */
export interface Segment {
  /** Ascending; hours since an epoch that all segments share, so that times of day can be known. */
  readonly hours: readonly number[]
  readonly bytes: readonly number[]
  /** When the level began: the first reading, or the release that emptied the cache. */
  readonly startHours: number
  /** Whether it began with a live release. */
  readonly isRefill: boolean
  readonly lifetime: string
}

/** The readings of one quantity. */
export type TrendInput = Readonly<Record<SeriesBasis, readonly Segment[]>>

/** How many readings there are. */
export function readingsOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { hours }) => sum + hours.length, 0)
}

/** From the first reading to the last. */
export function hoursSpanned(segments: readonly Segment[]): number {
  if (readingsOf(segments) === 0) return 0
  return (
    Math.max(...segments.map(({ hours }) => hours.at(-1) ?? -Infinity)) -
    Math.min(...segments.map(({ hours }) => hours[0] ?? Infinity))
  )
}

/**
 * At most about `most` readings: each stretch of equal length becomes the median of its readings at the mean of their
 * times. Readings without a stretch in common with others stay as they are, so that a sparse series is not touched.
 *
 * On a straight line with noise around it the medians lie on the same line: the slope stays what it was.
 */
export function* bucketed(segments: readonly Segment[], most: number): Steps<Segment[]> {
  const total = segments.reduce((sum, { hours }) => sum + ((hours.at(-1) ?? 0) - (hours[0] ?? 0)), 0)
  if (readingsOf(segments) <= most || total <= 0) return [...segments]
  const condensed: Segment[] = []
  for (const segment of segments) {
    condensed.push(condense(segment, total / most))
    yield
  }
  return condensed
}

function condense(segment: Segment, width: number): Segment {
  const hours: number[] = []
  const bytes: number[] = []
  const start = segment.hours[0] ?? 0
  for (let first = 0; first < segment.hours.length;) {
    const bucket = Math.floor(((segment.hours[first] ?? 0) - start) / width)
    let end = first + 1
    while (end < segment.hours.length && Math.floor(((segment.hours[end] ?? 0) - start) / width) === bucket) end++
    const at = segment.hours.slice(first, end)
    hours.push(at.reduce((sum, moment) => sum + moment, 0) / at.length)
    bytes.push(median(segment.bytes.slice(first, end)))
    first = end
  }
  return { ...segment, hours, bytes }
}
