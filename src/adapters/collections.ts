/** Map and Set, of any realm; a subclass is released by its own methods. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter, AdapterInfo } from './adapter.js'
import { CONNECTION_REASON, isConnected } from './connection.js'
import { chooseKeys } from './keys.js'

/** What of a Map or a Set is used. */
export interface CollectionLike {
  readonly size: number
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: unknown): unknown
  /** Lists its keys. */
  keys(): Iterable<unknown>
}

const info: Omit<AdapterInfo, 'library' | 'name' | 'shape'> = {
  version: null,
  releases: '`clear()`',
  trims: '`delete(key)`, oldest first or at random',
  entries: '`size`',
  claimed: null,
  traits: { lossless: true, refillCost: 'medium', twin: true },
  traps: [
    'Coldest is what was set first, unless the owner sets an entry anew when it is used.',
    'A subclass with a sign of a connection, such as Enmap, is refused: its `clear()` may empty a database. One without is released by its own methods.',
  ],
}

export const mapAdapter: Adapter<CollectionLike> = {
  info: { ...info, library: 'Map', name: 'fromMap', shape: '`util.types.isMap()`' },
  matches: (value): value is CollectionLike => types.isMap(value),
  adapt,
}

export const setAdapter: Adapter<CollectionLike> = {
  info: { ...info, library: 'Set', name: 'fromSet', shape: '`util.types.isSet()`' },
  matches: (value): value is CollectionLike => types.isSet(value),
  adapt,
}

function adapt(cache: CollectionLike): Releasable {
  if (isConnected(cache)) throw refused(`this ${types.isMap(cache) ? 'Map' : 'Set'}`, CONNECTION_REASON)
  return {
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      for (const key of chooseKeys({ count: cache.size, fraction, choice }, cache.keys())) cache.delete(key)
    },
  }
}

/**
 * A Map used as a cache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for a subclass with a sign of a connection
 */
export function fromMap(cache: CollectionLike): Releasable {
  return adaptWith(mapAdapter, cache)
}

/**
 * A Set used as a cache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for a subclass with a sign of a connection
 */
export function fromSet(cache: CollectionLike): Releasable {
  return adaptWith(setAdapter, cache)
}
