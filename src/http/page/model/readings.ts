/**
 * The readings of this page since it was opened: so that the first minutes, before any history, show what grows.
 *
 * Rule: readings are compared only where the same was known of holders: a run that names memory moves no byte.
 */
import type { Holdings } from '../../../report/holdings/types.js'

/** One reading of all rows. */
export interface PageReading {
  /** Milliseconds since 1970. */
  readonly timeMs: number
  readonly rssBytes: number
  readonly bytes: ReadonlyMap<string, number>
  /** By which run and discovery the rows were divided. */
  readonly basis: string
}

/** A moment of a line. */
export interface Point {
  readonly timeMs: number
  readonly bytes: number
}

/** More than these are thinned out: every second one goes, but the newest. */
const READINGS_MOST = 120

/** Adds a reading. */
export function withReading(
  readings: readonly PageReading[],
  { rssBytes, rows }: Holdings,
  { timeMs, basis }: Pick<PageReading, 'timeMs' | 'basis'>,
): readonly PageReading[] {
  const all = [...readings, { timeMs, basis, rssBytes, bytes: new Map(rows.map(({ key, bytes }) => [key, bytes])) }]
  if (all.length <= READINGS_MOST) return all
  return all.filter((_, index) => index % 2 === 0 || index === all.length - 1)
}

/** RSS over the readings, whatever was known of holders. */
export function rssPoints(readings: readonly PageReading[]): Point[] {
  return readings.map(({ timeMs, rssBytes }) => ({ timeMs, bytes: rssBytes }))
}

/** One row over the readings that know as much as the last one. */
export function pointsOf(readings: readonly PageReading[], key: string): Point[] {
  const basis = readings.at(-1)?.basis
  return readings.flatMap((reading) => {
    const bytes = reading.bytes.get(key)
    return reading.basis !== basis || bytes === undefined ? [] : [{ timeMs: reading.timeMs, bytes }]
  })
}
