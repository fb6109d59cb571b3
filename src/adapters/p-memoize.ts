/** p-memoize: the cache of a memoized function is out of sight, so its clear function comes along. */
import type { Releasable } from '../coordinator/releasable.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'

/** A function that `pMemoize()`, `memoize()` or `mem()` made. */
export type PMemoized = (...args: never[]) => unknown

/** The export `pMemoizeClear`, `memoizeClear` or `memClear` of the same copy of the package. */
export type PMemoizeClear = (memoized: never) => void

const info: Adapter<PMemoized>['info'] = {
  library: 'p-memoize',
  version: '8',
  name: 'fromPMemoize',
  shape: null,
  releases: '`pMemoizeClear(memoized)`; of the packages memoize and mem `memoizeClear`, `memClear`',
  trims: null,
  entries: null,
  claimed: null,
  traits: { lossless: true, refillCost: 'medium', twin: true },
  traps: [
    'Nothing of the cache is seen from outside: `fromCache()` cannot know it. Hand `pMemoizeClear` to `fromPMemoize()`.',
    'The packages memoize and mem are built alike: `fromPMemoize(load, memoizeClear)`.',
    'With a `cache` of your own register that one instead: it can be counted and trimmed.',
    'A `cache` that is a remote store is emptied for everybody: do not register it.',
  ],
}

/** No look can tell: for the table, and for the clear function to be bound to. */
export const pMemoizeAdapter: Adapter<PMemoized> = {
  info,
  matches: (_value): _value is PMemoized => false,
  adapt: (): Releasable => ({ release: () => undefined }),
}

/**
 * A function that `pMemoize()` made, and `pMemoizeClear` of the same package. Functions of the packages memoize and mem are taken with
 * `memoizeClear` and `memClear`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * import pMemoize, { pMemoizeClear } from 'p-memoize'
 * coordinator.register('profiles', fromPMemoize(loadProfile, pMemoizeClear))
 */
export function fromPMemoize(memoized: PMemoized, clear: PMemoizeClear): Releasable {
  if (typeof clear !== 'function') {
    throw new CacheAttributionError(
      'ERR_ADAPTER_UNKNOWN',
      `fromPMemoize() takes the export pMemoizeClear of p-memoize (memoizeClear of memoize, memClear of mem) as its second argument, got ${describe(clear)}`,
    )
  }
  const bound: Adapter<PMemoized> = {
    info,
    matches: (value): value is PMemoized => typeof value === 'function',
    adapt: (): Releasable => ({
      release: () => {
        clear(memoized as never)
      },
    }),
  }
  return adaptWith(bound, memoized)
}
