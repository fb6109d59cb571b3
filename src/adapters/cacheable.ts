/** cacheable: its first level alone. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableOver } from './in-process.js'
import { memoryBehind } from './keyv.js'
import { hasMethods, objectIn } from './shape.js'

/** The part of a Cacheable that is used. */
export interface CacheableLike {
  /** A Keyv. */
  readonly primary: object
  /** Known by it; not called. */
  setPrimary(primary: never): unknown
  /** Known by it; not called. */
  setSecondary(secondary: never): unknown
}

export const cacheableAdapter: Adapter<CacheableLike> = {
  info: {
    library: 'cacheable',
    version: '2',
    name: 'fromCacheable',
    shape: '`primary`, `setPrimary`, `setSecondary`',
    releases: '`clear()` of the store of `primary`, where that is memory of this process',
    trims: "as the primary store's",
    entries: "the primary store's `size`",
    claimed: "the primary store's, where that knows",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Its own `clear()` reaches the second level, which others share: only the first is touched.',
      'A first level that is not memory of this process is refused.',
      'It caches nothing until it is used: entries come back from the second level.',
    ],
  },
  matches: (value): value is CacheableLike =>
    hasMethods(value, 'setPrimary', 'setSecondary', 'getOrSet') && objectIn(value, 'primary') !== undefined,
  adapt: (cache): Releasable => {
    const stores = (): Releasable[] => {
      const memory = memoryBehind(cache.primary)
      if (memory !== undefined) return [memory]
      throw refused('this Cacheable', 'its primary store is not known to be memory of this process')
    }
    return releasableOver(stores)
  },
}

/**
 * A `Cacheable` of the package cacheable: its first level.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over a first level that is shared
 * @example
 * coordinator.register('prices', fromCacheable(new Cacheable()))
 */
export function fromCacheable(cache: CacheableLike): Releasable {
  return adaptWith(cacheableAdapter, cache)
}
