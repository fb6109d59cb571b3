/** `@isaacs/ttlcache`. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { hasMethods, hasNumbers, readMember } from './shape.js'

/** The part of a TTLCache that is used. */
export interface TtlCacheLike {
  readonly size: number
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: unknown): unknown
  /** Lists its keys. */
  keys(): Iterable<unknown>
  /** Known by it; not called. */
  purgeToCapacity(): unknown
}

export const ttlCacheAdapter: Adapter<TtlCacheLike> = {
  info: {
    library: '@isaacs/ttlcache',
    version: '2',
    name: 'fromTtlCache',
    shape: '`purgeToCapacity`, `purgeStale`, `getRemainingTTL`',
    releases: '`clear()`, and the keys without an end that it forgets to forget',
    trims: '`delete(key)`, the first to expire first, or at random',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Its own `clear()` keeps the keys of entries with `ttl: Infinity` for ever, and lists them with no value.',
      '`delete()` takes as long as there are entries that expire in the same millisecond.',
      'It does not know what was used last: coldest is what expires first.',
    ],
  },
  matches: (value): value is TtlCacheLike =>
    hasMethods(value, 'clear', 'delete', 'keys', 'purgeToCapacity', 'purgeStale', 'getRemainingTTL') &&
    hasNumbers(value, 'size'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
      const immortal = readMember(cache, 'immortalKeys')
      // Nothing that is left has an entry; a `dispose` that set one again would show in the size.
      if (types.isSet(immortal) && cache.size === 0) immortal.clear()
    },
    entries: () => cache.size,
    ...trimByKey({ count: () => cache.size, coldestFirst: () => cache.keys(), drop: (key) => cache.delete(key) }),
  }),
}

/**
 * A cache of the package `@isaacs/ttlcache`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromTtlCache(new TTLCache({ max: 10_000, ttl: 60_000 })))
 */
export function fromTtlCache(cache: TtlCacheLike): Releasable {
  return adaptWith(ttlCacheAdapter, cache)
}
