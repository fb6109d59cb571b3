/** cache-manager: those of its stores that are memory of this process. */
import type { Releasable } from '../coordinator/releasable.js'
import { isObject } from '../support/is-object.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableOver } from './in-process.js'
import { memoryBehind } from './keyv.js'
import { cacheableAdapter } from './cacheable.js'
import { memoryStoreBehind } from './cache-manager-store.js'
import { dataMember, hasMethods } from './shape.js'

/** The part of a cache-manager that is used. */
export interface CacheManagerLike {
  /** Keyvs, the first level first; from version 6 on. */
  readonly stores?: readonly object[]
  /** The one store of versions 4 and 5. */
  readonly store?: object
  /** Known by it; not called. */
  wrap(key: never, ...rest: never): unknown
}

export const cacheManagerAdapter: Adapter<CacheManagerLike> = {
  info: {
    library: 'cache-manager',
    version: '7',
    oldest: '4',
    name: 'fromCacheManager',
    shape: 'array `stores`, `mget`, `mdel`, `wrap`; before 6 an object `store` with `wrap`',
    releases: '`clear()` of each store that is memory of this process; before 6 `reset()` of the memory store',
    trims: "as its stores'; not before 6",
    entries: "the sum of its stores' `size`",
    claimed: "its stores', where they know",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Its own `clear()` empties shared stores too: those are left alone. With no other store it is refused.',
      'Every store of this process is emptied, not only the first level.',
      "It is what NestJS' `CacheModule` provides: `app.get(CACHE_MANAGER)`. A Cacheable among its stores is emptied in its first level.",
      '`multiCaching()` before 6 hides its caches: register each of them.',
    ],
  },
  matches: (value): value is CacheManagerLike =>
    hasMethods(value, 'get', 'set', 'del', 'wrap') &&
    (Array.isArray(dataMember(value, 'stores'))
      ? hasMethods(value, 'mget', 'mdel')
      : isObject(dataMember(value, 'store')) && hasMethods(value, 'reset')),
  adapt: (cache): Releasable => {
    const stores = (): Releasable[] => {
      const inProcess = [...(cache.stores ?? [])].flatMap((store) => (isObject(store) ? (levelIn(store) ?? []) : []))
      const older = memoryStoreBehind(cache.store)
      if (older !== undefined) inProcess.push(older)
      if (inProcess.length > 0) return inProcess
      throw refused('this cache-manager', 'none of its stores is known to be memory of this process')
    }
    return releasableOver(stores)
  },
}

/** NestJS hands a Cacheable on as it is. */
function levelIn(store: object): Releasable | undefined {
  return memoryBehind(cacheableAdapter.matches(store) ? store.primary : store)
}

/**
 * The cache of `createCache()` of the package cache-manager, of `caching()` in versions 4 and 5, and of NestJS as `CACHE_MANAGER`: its stores in this process.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over shared stores alone
 * @example
 * coordinator.register('prices', fromCacheManager(createCache()))
 */
export function fromCacheManager(cache: CacheManagerLike): Releasable {
  return adaptWith(cacheManagerAdapter, cache)
}
