/** tiny-lru. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { hasAny, hasMethods, hasNumbers } from './shape.js'

/** The part of a tiny-lru that is used. */
export interface TinyLruLike {
  readonly size: number
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: never): unknown
  /** Lists its keys, newer versions without the expired ones. */
  keys(): Iterable<unknown>
  /** Lists them by whether they have expired; version 11 has none. */
  keysByTTL?(): { readonly expired: readonly unknown[]; readonly valid: readonly unknown[] }
}

export const tinyLruAdapter: Adapter<TinyLruLike> = {
  info: {
    library: 'tiny-lru',
    version: '13',
    oldest: '11.3',
    name: 'fromTinyLru',
    shape: '`max`, `ttl`, `evict`, `setWithEvicted`, no `resize`',
    releases: '`clear()`',
    trims: '`delete(key)`, coldest first or at random',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      '`clear()` sets its statistics back to 0.',
      'Listing its keys makes an array of all of them. Expired entries that are still present are the coldest.',
    ],
  },
  matches: (value): value is TinyLruLike =>
    hasMethods(value, 'clear', 'delete', 'evict', 'keys', 'setWithEvicted') &&
    hasNumbers(value, 'size', 'max', 'ttl') &&
    !hasAny(value, 'resize'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    ...trimByKey({ count: () => cache.size, coldestFirst: () => keysOf(cache), drop: (key) => cache.delete(key) }),
  }),
}

/** The coldest first. `size` counts the expired ones as well, and `keys()` of newer versions leaves them out. */
function keysOf(cache: TinyLruLike): Iterable<unknown> {
  const byAge = cache.keysByTTL?.()
  return byAge === undefined ? cache.keys() : [...byAge.expired, ...byAge.valid]
}

/**
 * A cache of the package tiny-lru (11.3 and newer, the first with `setWithEvicted()`).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromTinyLru(lru(10_000)))
 */
export function fromTinyLru(cache: TinyLruLike): Releasable {
  return adaptWith(tinyLruAdapter, cache)
}
