/** Whether work grows with the size of what it is given, and no faster. */
import { performance } from 'node:perf_hooks'
import { expect } from 'chai'

/** Below this a time is of the machine's making. */
const LEAST_MS = 4
const TRIES = 3

/**
 * Fails where four times as much takes more than ten times as long: quadratic work takes sixteen. The best of some
 * tries counts, so that a busy machine does not.
 */
export async function expectLinear<T>(
  make: (size: number) => T | Promise<T>,
  work: (input: T) => unknown,
  size: number,
): Promise<void> {
  const [one, four] = [await make(size), await make(4 * size)]
  const small = await bestOf(() => work(one))
  const large = await bestOf(() => work(four))
  expect(large, `${size}: ${small.toFixed(1)} ms, ${4 * size}: ${large.toFixed(1)} ms`).to.be.below(
    10 * Math.max(small, LEAST_MS),
  )
}

async function bestOf(work: () => unknown): Promise<number> {
  let best = Infinity
  for (let time = 0; time < TRIES; time++) {
    const startedMs = performance.now()
    await work()
    best = Math.min(best, performance.now() - startedMs)
    // A call that takes that long is judged by it.
    if (best > 5_000) break
  }
  return best
}
