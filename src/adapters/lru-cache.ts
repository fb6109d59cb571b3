/** lru-cache: known by its members, since its class name is minified in some builds. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { claimBound } from './claim-bound.js'
import { chooseKeys, fractionCount } from './keys.js'
import { hasMethods, hasNumbers } from './shape.js'

/** The part of an lru-cache that is used. */
export interface LruCacheLike {
  readonly size: number
  /** The sum of the sizes that `sizeCalculation` gave; 0 without one, and in version 7 undefined. */
  readonly calculatedSize?: number | undefined
  /** The most that `calculatedSize` may be; 0 without a bound. */
  readonly maxSize?: number | undefined
  /** Whether stale entries are found, and listed. */
  allowStale?: boolean | undefined
  /** Drops everything. */
  clear(): unknown
  /** Drops the coldest entry. */
  pop(): unknown
  /** Drops one entry. */
  delete(key: unknown): unknown
  /** Lists its keys, the coldest first. */
  rkeys(): Iterable<unknown>
}

export const lruCacheAdapter: Adapter<LruCacheLike> = {
  info: {
    library: 'lru-cache',
    version: '11',
    oldest: '7',
    name: 'fromLruCache',
    shape: '`size`, `pop`, `rkeys`, `purgeStale`',
    releases: '`clear()`',
    trims: '`pop()`, coldest first; `delete(key)` at random',
    entries: '`size`',
    claimed: '`calculatedSize`, with `sizeCalculation`',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Without `maxSize` or `maxEntrySize` it knows no bytes: `claimedBytes` is unknown, not 0.',
      '`clear()` and `delete()` call `dispose`, and abort a `fetch()` under way.',
      'The arrays for `max` entries stay when it is cleared: they are in no row.',
    ],
  },
  matches: (value): value is LruCacheLike =>
    hasMethods(value, 'clear', 'pop', 'delete', 'rkeys', 'purgeStale') && hasNumbers(value, 'size'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    claimedBytes: () => (cache.calculatedSize === 0 && cache.size > 0 ? null : (cache.calculatedSize ?? null)),
    bound: () => claimBound(cache.maxSize, 'maxSize'),
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      if (choice === 'random') {
        for (const key of anyOf(cache, fraction)) cache.delete(key)
      } else {
        for (let count = fractionCount(cache.size, fraction); count > 0; count--) cache.pop()
      }
    },
  }),
}

/** `size` counts entries that are stale and lie there still: they are listed for the choice, and for nobody else. */
function anyOf(cache: LruCacheLike, fraction: number): unknown[] {
  const { allowStale } = cache
  cache.allowStale = true
  try {
    return chooseKeys({ count: cache.size, fraction, choice: 'random' }, cache.rkeys())
  } finally {
    cache.allowStale = allowStale
  }
}

/**
 * A cache of the package lru-cache (7 and newer).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromLruCache(new LRUCache({ max: 10_000 })))
 */
export function fromLruCache(cache: LruCacheLike): Releasable {
  return adaptWith(lruCacheAdapter, cache)
}
