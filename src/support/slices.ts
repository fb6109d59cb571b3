/**
 * Long computations in steps: at once, or in slices between which the event loop turns.
 *
 * Rule: what is computed does not know which: it says where it may rest, by `yield`, and is pure otherwise.
 */
import { ownTimers } from './own-timers.js'

/** A computation that may rest at each `yield`. */
export type Steps<T> = Generator<undefined, T, undefined>

/** A slice ends with the first step that ends more than this many milliseconds after its start. */
const SLICE_MS = 3

/** Without a rest. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** After whatever else waits has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => ownTimers.setImmediate(resolve))
}

/** A slice at a time; between two of them whatever else waits has its turn. Begins in a turn of its own. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    await nextTurn()
    const endMs = ownTimers.now() + SLICE_MS
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (ownTimers.now() < endMs)
  }
}
