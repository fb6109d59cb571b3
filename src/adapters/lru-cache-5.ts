/** lru-cache up to version 6, which packages of build tools and Next.js 13 and 14 bring along. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { hasMethods, hasNumbers } from './shape.js'

/** The part of an lru-cache up to 6 that is used. */
export interface LruCache5Like {
  readonly itemCount: number
  /** The sum of what its option `length` gives, by default 1 of each entry. */
  readonly length: number
  /** Drops everything. */
  reset(): unknown
  /** Drops one entry. */
  del(key: never): unknown
  /** Lists its keys, the most recently used first. */
  keys(): readonly unknown[]
}

export const lruCache5Adapter: Adapter<LruCache5Like> = {
  info: {
    library: 'lru-cache (before 7)',
    version: '6',
    oldest: '4',
    name: 'fromLruCache5',
    shape: '`reset`, `del`, `rforEach`, `prune`, `itemCount`',
    releases: '`reset()`',
    trims: '`del(key)`, coldest first or at random',
    entries: '`itemCount`',
    claimed: '`length`, with an option `length`',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Its `length` is a sum of what the option `length` gives: of 1 for each entry without one, so that no bytes are claimed where it equals `itemCount`.',
      '`reset()` and `del()` call `dispose`.',
      'Listing its keys makes an array of all of them.',
    ],
  },
  matches: (value): value is LruCache5Like =>
    hasMethods(value, 'reset', 'del', 'rforEach', 'prune', 'peek', 'dump', 'load') &&
    hasNumbers(value, 'itemCount', 'length', 'max'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.reset()
    },
    entries: () => cache.itemCount,
    claimedBytes: () => (cache.length === cache.itemCount && cache.itemCount > 0 ? null : cache.length),
    ...trimByKey({
      count: () => cache.itemCount,
      coldestFirst: () => [...cache.keys()].reverse(),
      drop: (key) => cache.del(key),
    }),
  }),
}

/**
 * A cache of the package lru-cache, versions 4 to 6.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromLruCache5(new LRU({ max: 10_000 })))
 */
export function fromLruCache5(cache: LruCache5Like): Releasable {
  return adaptWith(lruCache5Adapter, cache)
}
