/** memory-cache. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { hasMethods } from './shape.js'

/** The part of a memory-cache that is used. */
export interface MemoryCacheLike {
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  del(key: never): unknown
  /** Counts its entries. */
  size(): number
  /** Lists its keys. */
  keys(): readonly unknown[]
}

export const memoryCacheAdapter: Adapter<MemoryCacheLike> = {
  info: {
    library: 'memory-cache',
    version: '0.2',
    name: 'fromMemoryCache',
    shape: '`put`, `del`, `memsize`, `exportJson`',
    releases: '`clear()`',
    trims: '`del(key)`, oldest first or at random',
    entries: '`size()`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'The export of the package is a cache, and one for the whole process: other packages that use it find it empty, too.',
      'Coldest is what was set first.',
      'An entry whose time is over is not dropped by `del()`: its timer drops it.',
    ],
  },
  matches: (value): value is MemoryCacheLike =>
    hasMethods(value, 'clear', 'put', 'del', 'size', 'memsize', 'keys', 'exportJson'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size(),
    ...trimByKey({ count: () => cache.size(), coldestFirst: () => cache.keys(), drop: (key) => cache.del(key) }),
  }),
}

/**
 * The export of the package memory-cache, or a `Cache` of it.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * import cache from 'memory-cache'
 * coordinator.register('responses', fromMemoryCache(cache))
 */
export function fromMemoryCache(cache: MemoryCacheLike): Releasable {
  return adaptWith(memoryCacheAdapter, cache)
}
