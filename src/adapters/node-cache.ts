/** node-cache. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasMethods } from './shape.js'

/** The part of a node-cache that is used. */
export interface NodeCacheLike {
  /** Drops everything. */
  flushAll(): unknown
  /** Takes one key, or several. */
  del(keys: string[]): unknown
  /** Lists its keys. */
  keys(): string[]
  /** Counts its entries and their bytes. */
  getStats(): { readonly keys: number; readonly ksize: number; readonly vsize: number }
}

export const nodeCacheAdapter: Adapter<NodeCacheLike> = {
  info: {
    library: 'node-cache',
    version: '5',
    name: 'fromNodeCache',
    shape: '`flushAll`, `getStats`, `del`, `mget`',
    releases: '`flushAll()`',
    trims: '`del(keys)`, oldest first or at random',
    entries: '`getStats().keys`',
    claimed: '`getStats()`: `ksize` + `vsize`',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      '`flushAll()` sets hits and misses back to 0, and emits `flush`; `del()` emits `del` for each key.',
      'Its sizes are guesses: 80 bytes for each property of an object, unless configured.',
      'With `useClones`, the default, it holds copies of what it was given.',
      'It does not know what was used last: coldest is what was set first.',
      'Keys that are whole numbers come first and in ascending order, whenever they were set: coldest is the smallest there.',
    ],
  },
  matches: (value): value is NodeCacheLike => hasMethods(value, 'flushAll', 'getStats', 'del', 'keys', 'mget'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.flushAll()
    },
    entries: () => cache.getStats().keys,
    claimedBytes: () => {
      const { ksize, vsize } = cache.getStats()
      return ksize + vsize
    },
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      const keys = cache.keys()
      cache.del(chooseKeys({ count: keys.length, fraction, choice }, keys) as string[])
    },
  }),
}

/**
 * A cache of the package node-cache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromNodeCache(new NodeCache({ stdTTL: 60 })))
 */
export function fromNodeCache(cache: NodeCacheLike): Releasable {
  return adaptWith(nodeCacheAdapter, cache)
}
