/** `CacheableMemory` of cacheable and `@cacheable/memory`, and its store for Keyv. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasMethods, hasNumbers, objectIn, readMember } from './shape.js'

/** The part of a CacheableMemory that is used. */
export interface CacheableMemoryLike {
  readonly size: number
  /** A getter that gives an iterator. */
  readonly keys: Iterable<unknown>
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: never): unknown
}

export const cacheableMemoryAdapter: Adapter<CacheableMemoryLike> = {
  info: {
    library: '@cacheable/memory',
    version: '2',
    name: 'fromCacheableMemory',
    shape: '`storeHashSize`, `lruSize`, `getStore`',
    releases: '`clear()`',
    trims: '`delete(key)`, at random',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'With `useClone`, the default, it holds the given values and returns copies.',
      'Its entries lie in 16 Maps by hash, so it cannot say which is the oldest.',
    ],
  },
  matches: (value): value is CacheableMemoryLike =>
    hasMethods(value, 'clear', 'delete', 'getStore') && hasNumbers(value, 'size', 'storeHashSize', 'lruSize'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    trimChoices: ['random'],
    trim: (fraction) => {
      for (const key of chooseKeys({ count: cache.size, fraction, choice: 'random' }, cache.keys)) {
        cache.delete(key as never)
      }
    },
  }),
}

/** The CacheableMemory behind `KeyvCacheableMemory`, the store that cacheable gives to Keyv; undefined of anything else. */
export function cacheableMemoryBehind(store: object): CacheableMemoryLike | undefined {
  const isKeyvStore =
    hasMethods(store, 'getStore', 'getMany', 'deleteMany') && objectIn(store, '_defaultCache') !== undefined
  const memory = isKeyvStore ? readMember(store, 'store') : undefined
  return typeof memory === 'object' && memory !== null && cacheableMemoryAdapter.matches(memory) ? memory : undefined
}

/**
 * A `CacheableMemory` of the package cacheable or `@cacheable/memory`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('prices', fromCacheableMemory(new CacheableMemory()))
 */
export function fromCacheableMemory(cache: CacheableMemoryLike): Releasable {
  return adaptWith(cacheableMemoryAdapter, cache)
}
