/**
 * How old the files of a history are, whatever the clocks say; pure.
 *
 * Rule: the wall clock of this moment alone proves no age, since it may stand wrong. A file is as old as the newest record that
 * others left says, or as this process's monotonic clock has seen; what lies ahead of the wall clock, or on the other side of
 * a gap of years, proves nothing.
 */

const DAY_MS = 24 * 3_600_000
/** Clocks of writers may differ by so much. */
export const CLOCK_SLACK_MS = 3_600_000
/** Two records further apart come from different clocks, or from a service that stood still for years. */
const GAP_MIN_MS = 2 * 365 * DAY_MS
const GAP_RETENTIONS = 10

/** The facts about the time. */
export interface Clocks {
  /** The wall clock of this moment. */
  readonly nowMs: number
  /** The time on which the wall clock and the newest record, of others and not ahead of it, agreed when this process opened the history. */
  readonly openedMs: number
  /** How long ago that was, by the monotonic clock. */
  readonly upMs: number
  readonly maxAgeMs: number
}

/** The newest creation that is not ahead of `nowMs`; `nowMs` where there is none. */
export function newestKnown(created: readonly number[], nowMs: number): number {
  const known = created.filter((ms) => ms <= nowMs + CLOCK_SLACK_MS)
  return known.length === 0 ? nowMs : known.reduce((newest, ms) => Math.max(newest, ms))
}

/**
 * Gives, for the creation of a file, the moment up to which its age is proved: at least that creation.
 *
 * @param others when the files of other processes were created
 */
export function ageReference(others: readonly number[], clocks: Clocks): (createdMs: number) => number {
  const { nowMs, openedMs, upMs, maxAgeMs } = clocks
  const gapMs = Math.max(GAP_RETENTIONS * maxAgeMs, GAP_MIN_MS)
  const moments = [...others, openedMs, openedMs + upMs]
    .filter((ms) => ms <= nowMs + CLOCK_SLACK_MS)
    .toSorted((a, b) => a - b)
  // Up to where each moment is joined to later ones without a gap.
  const ends = [...moments]
  for (let index = moments.length - 2; index >= 0; index--) {
    const [moment = 0, next = 0] = moments.slice(index, index + 2)
    if (next - moment <= gapMs) ends[index] = ends[index + 1] ?? next
  }
  return (createdMs) => {
    const index = moments.findIndex((moment) => moment >= createdMs)
    const isJoined = index !== -1 && (moments[index] ?? Infinity) - createdMs <= gapMs
    return isJoined ? (ends[index] ?? createdMs) : createdMs
  }
}

/** The moment by which a file counts as old enough to be thinned out: the wall clock's, where it agrees with what is proved. */
export function thinningMoment(referenceMs: number, { nowMs, maxAgeMs }: Clocks): number {
  return nowMs - referenceMs <= maxAgeMs ? nowMs : referenceMs
}
