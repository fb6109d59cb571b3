/** lru_map: the Map with a linked list that abstract-cache, and so `@fastify/caching`, is built on. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { dataMember, hasMethods, hasNumbers } from './shape.js'
import { types } from 'node:util'

/** The part of an LRUMap that is used. */
export interface LruMapLike {
  readonly size: number
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: never): unknown
  /** Drops the coldest entry. */
  shift(): unknown
  /** Lists its keys, the coldest first. */
  keys(): Iterable<unknown>
}

export const lruMapAdapter: Adapter<LruMapLike> = {
  info: {
    library: 'lru_map',
    version: '0.4',
    name: 'fromLruMap',
    shape: '`_keymap`, which is a Map, `limit`, `shift`, `find`',
    releases: '`clear()`',
    trims: '`delete(key)`, coldest first or at random',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: ['Its entries lie in a Map and in a list: emptying the Map alone frees nothing.'],
  },
  matches: (value): value is LruMapLike =>
    hasMethods(value, 'clear', 'delete', 'shift', 'find', 'keys') &&
    types.isMap(dataMember(value, '_keymap')) &&
    hasNumbers(value, 'size', 'limit'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    ...trimByKey({ count: () => cache.size, coldestFirst: () => cache.keys(), drop: (key) => cache.delete(key) }),
  }),
}

/**
 * An LRUMap of the package lru_map.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromLruMap(new LRUMap(10_000)))
 */
export function fromLruMap(cache: LruMapLike): Releasable {
  return adaptWith(lruMapAdapter, cache)
}
