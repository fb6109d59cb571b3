/** `@apollo/utils.keyvaluecache`: the lru-cache within InMemoryLRUCache. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { lruCacheAdapter } from './lru-cache.js'
import type { LruCacheLike } from './lru-cache.js'
import { hasMethods, objectIn } from './shape.js'

/** What of an InMemoryLRUCache is used. */
export interface KeyValueCacheLike {
  /** Drops everything. */
  clear(): unknown
  /** Looks an entry up. */
  get(key: string): unknown
  /** Lists its keys. */
  keys(): unknown
}

export const keyValueCacheAdapter: Adapter<KeyValueCacheLike> = {
  info: {
    library: '@apollo/utils.keyvaluecache',
    version: '4',
    name: 'fromKeyValueCache',
    shape: '`cache`, which is an lru-cache, `clear`, `keys`',
    releases: '`clear()`',
    trims: "as lru-cache's",
    entries: '`cache.size`',
    claimed: '`cache.calculatedSize`: characters, or bytes of JSON',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      '`PrefixingKeyValueCache` and `ErrorsAreMissesCache` have no `clear()`: register what they wrap.',
      'A KeyValueCache over Redis or Memcached has none either, and must not be emptied.',
    ],
  },
  matches: (value): value is KeyValueCacheLike =>
    hasMethods(value, 'clear', 'get', 'set', 'delete', 'keys') && lruWithin(value) !== undefined,
  adapt: (cache): Releasable => {
    const inner = (): Releasable => adaptWith(lruCacheAdapter, lruWithin(cache))
    return {
      release: () => {
        cache.clear()
      },
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
 * @throws CoordinatorError `ERR_ADAPTER_UNKNOWN`
 */
export function fromKeyValueCache(cache: KeyValueCacheLike): Releasable {
  return adaptWith(keyValueCacheAdapter, cache)
}
