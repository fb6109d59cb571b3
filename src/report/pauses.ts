/** The cost of a run for the event loop, in three numbers. */
import type { AttributionReport } from './types.js'

/** The sum of all stretches for which a run held the event loop. */
export function pausesOf(pausesMs: readonly number[]): AttributionReport['pauses'] {
  return withPauses({ count: 0, longestMs: 0, totalMs: 0 }, pausesMs)
}

/** The same with further stretches. */
export function withPauses(
  pauses: AttributionReport['pauses'],
  pausesMs: readonly number[],
): AttributionReport['pauses'] {
  return pausesMs.reduce(
    ({ count, longestMs, totalMs }, ms) => ({
      count: count + 1,
      longestMs: Math.max(longestMs, ms),
      totalMs: totalMs + ms,
    }),
    pauses,
  )
}
