/** An answer of a store that may never come. */
import { storeFailed } from '../../support/lease.js'
import { withinTime } from '../../support/within-time.js'

/** The answer, unless it comes too late. @throws CacheAttributionError `ERR_LEASE_STORE`; unknown what `answer` rejects with */
export function inTime<T>(ms: number, answer: Promise<T>): Promise<T> {
  return withinTime(ms, undefined, (signal) => {
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(storeFailed(`the store did not answer within ${String(Math.round(ms))} ms`))
      })
    })
    return Promise.race([answer, late])
  })
}
