/** `@apollo/utils.keyvaluecache`: the lru-cache within InMemoryLRUCache. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { lruCacheAdapter } from './lru-cache.js'
import type { LruCacheLike } from './lru-cache.js'
import { hasMethods, objectIn } from './shape.js'

/** The part of an InMemoryLRUCache that is used. */
export interface KeyValueCacheLike {
  /** Known by it; not called. */
  clear(): unknown
  /** Known by it; not called. */
  get(key: string): unknown
  /** Known by it; not called. */
  keys(): unknown
}

export const keyValueCacheAdapter: Adapter<KeyValueCacheLike> = {
  info: {
    library: '@apollo/utils.keyvaluecache',
    version: '4',
    name: 'fromKeyValueCache',
    shape: '`cache`, which is an lru-cache, `clear`, `keys`',
    releases: '`cache.clear()`, which is all that its own `clear()` does',
    trims: "as lru-cache's",
    entries: '`cache.size`',
    claimed: '`cache.calculatedSize`: characters, or bytes of JSON',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'A class of your own of the same shape is taken for one: its lru-cache is emptied, and a second level is left alone.',
      '`PrefixingKeyValueCache` and `ErrorsAreMissesCache` have no `clear()`: register the cache that they wrap.',
      'A KeyValueCache over Redis or Memcached has none either, and must not be emptied.',
    ],
  },
  matches: (value): value is KeyValueCacheLike =>
    hasMethods(value, 'clear', 'get', 'set', 'delete', 'keys') && lruWithin(value) !== undefined,
  adapt: (cache): Releasable => {
    const inner = (): Releasable => adaptWith(lruCacheAdapter, lruWithin(cache))
    return {
      // A class of the same shape may empty a second level by its own clear(), which others share.
      release: (context) => inner().release(context),
      entries: () => inner().entries?.() ?? null,
      claimedBytes: () => inner().claimedBytes?.() ?? null,
      trimChoices: ['coldest', 'random'],
      trim: (fraction, context) => void inner().trim?.(fraction, context),
    }
  },
}

function lruWithin(value: object): LruCacheLike | undefined {
  const inner = objectIn(value, 'cache')
  return inner !== undefined && lruCacheAdapter.matches(inner) ? inner : undefined
}

/**
 * An InMemoryLRUCache of the package `@apollo/utils.keyvaluecache`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * const cache = new InMemoryLRUCache()
 * coordinator.register('graphql responses', fromKeyValueCache(cache))
 */
export function fromKeyValueCache(cache: KeyValueCacheLike): Releasable {
  return adaptWith(keyValueCacheAdapter, cache)
}
