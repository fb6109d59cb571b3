/** cache-manager: those of its stores that are memory of this process. */
import type { Releasable } from '../coordinator/releasable.js'
import { isObject } from '../support/is-object.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableOver } from './in-process.js'
import { memoryBehind } from './keyv.js'
import { hasMethods, readMember } from './shape.js'

/** What of a cache-manager is used. */
export interface CacheManagerLike {
  /** Keyvs, the first level first. */
  readonly stores: readonly object[]
  /** Known by it; not called. */
  mdel(keys: never): unknown
  /** Known by it; not called. */
  mget(keys: never): unknown
}

export const cacheManagerAdapter: Adapter<CacheManagerLike> = {
  info: {
    library: 'cache-manager',
    version: '7',
    name: 'fromCacheManager',
    shape: 'array `stores`, `mget`, `mdel`, `wrap`',
    releases: '`clear()` of each store that is memory of this process',
    trims: "as its stores'",
    entries: "the sum of its stores' `size`",
    claimed: "its stores', where they know",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Its own `clear()` empties shared stores too: those are left alone. With no other store it is refused.',
      'Every store of this process is emptied, not only the first level.',
    ],
  },
  matches: (value): value is CacheManagerLike =>
    Array.isArray(readMember(value, 'stores')) && hasMethods(value, 'mget', 'mdel', 'wrap'),
  adapt: (cache): Releasable => {
    const stores = (): Releasable[] => {
      const inProcess = [...cache.stores].flatMap((store) => (isObject(store) ? (memoryBehind(store) ?? []) : []))
      if (inProcess.length > 0) return inProcess
      throw refused('this cache-manager', 'none of its stores is known to be memory of this process')
    }
    return releasableOver(stores)
  },
}

/**
 * What `createCache()` of the package cache-manager gives: its stores in this process.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over shared stores alone
 */
export function fromCacheManager(cache: CacheManagerLike): Releasable {
  return adaptWith(cacheManagerAdapter, cache)
}
