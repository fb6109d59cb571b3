/**
 * ocache: its storage in memory can be neither listed nor emptied, and its timers hold what was dropped. So its functions are given a
 * storage over a cache that can be.
 */
import type { Releasable } from '../coordinator/releasable.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { isObject } from '../support/is-object.js'
import { refused } from './adapter.js'
import type { Adapter, AdapterInfo } from './adapter.js'
import { storeInProcess } from './in-process.js'
import { hasMethods, literalKeys } from './shape.js'

/** The calls that ocache makes to a storage. */
interface OcacheStorage {
  /** An entry, or null. */
  get(key: string): unknown
  /** Puts an entry in; null drops it. `ttl` is in seconds. */
  set(key: string, value: unknown, options?: { ttl?: number | undefined }): void
  /** Values are kept as they are. */
  readonly binary: true
}

/** The collection of entries: a Map, or an lru-cache. */
export interface OcacheStoreLike {
  /** Looks an entry up. */
  get(key: string): unknown
  /** Puts an entry in. */
  set(key: string, value: never, options?: never): unknown
  /** Drops one entry. */
  delete(key: string): unknown
}

/** A releasable with the storage to hand to ocache. */
export interface OcacheCache extends Releasable {
  /** For `defineCachedFunction(load, { storage })`. */
  readonly storage: OcacheStorage
}

const info: AdapterInfo = {
  library: 'ocache',
  version: '0.3',
  name: 'fromOcache',
  shape: null,
  releases: 'what holds the entries of its storage: a Map or another cache of this table',
  trims: 'as of that',
  entries: 'as of that',
  claimed: 'as of that',
  traits: { lossless: true, refillCost: 'medium', twin: true },
  traps: [
    'A storage of `createMemoryStorage()` can be neither listed nor emptied: `fromCache()` refuses it. Let `fromOcache(cache)` make the storage.',
    'A Map keeps expired entries: ocache ignores them when they are read. An lru-cache drops them, and has a bound.',
    'Without a `storage` each cached function has one of its own, which nobody reaches.',
  ],
}

/** A storage or a cached function of ocache as it is: known in order to be refused with the way out. */
export const ocacheAdapter: Adapter<object> = {
  info,
  matches: (value): value is object =>
    literalKeys(value)?.toSorted().join() === 'binary,get,maxEntryBytes,set' ||
    (typeof value === 'function' && hasMethods(value, 'resolveKeys', 'invalidate', 'expire')),
  adapt: () => {
    throw refused(
      'this cache of ocache',
      'it can be neither listed nor emptied: let fromOcache(new Map()) or fromOcache(new LRUCache(…)) make it, and give its "storage" to defineCachedFunction()',
    )
  },
}

/**
 * A storage for ocache that can be released, over a cache of yours.
 *
 * @param cache a Map, an lru-cache or another cache of docs/reference/adapters.md with `get`, `set` and `delete`
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN` for what is not known to be a cache in this process
 * @example
 * const pages = fromOcache(new LRUCache({ max: 10_000 }))
 * const loadPage = defineCachedFunction(load, { storage: pages.storage, maxAge: 60 })
 * coordinator.register('pages', pages)
 */
export function fromOcache(cache: OcacheStoreLike): OcacheCache {
  const known: unknown = cache
  const releasable = isObject(known) && hasMethods(known, 'get', 'set', 'delete') ? storeInProcess(known) : undefined
  if (releasable === undefined) {
    throw new CacheAttributionError(
      'ERR_ADAPTER_UNKNOWN',
      `fromOcache() takes a Map or another cache in this process (get, set, delete), got ${describe(cache)}`,
    )
  }
  // An lru-cache takes milliseconds; a Map passes its third argument over.
  const expiry = (ttl: number | undefined): never => (ttl === undefined ? undefined : { ttl: ttl * 1000 }) as never
  return {
    ...releasable,
    storage: {
      binary: true,
      get: (key) => cache.get(key) ?? null,
      set: (key, value, options) => {
        if (value === null || value === undefined) cache.delete(key)
        else cache.set(key, value as never, expiry(options?.ttl))
      },
    },
  }
}
