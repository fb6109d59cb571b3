/** Map and Set, of any realm; a subclass is released by its own methods. */
import { types } from 'node:util'
import type { Releasable, ReleaseContext } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter, AdapterInfo } from './adapter.js'
import { CONNECTION_REASON, isConnected } from './connection.js'
import { chooseKeys } from './keys.js'
import { stateWithin } from './state.js'

/** The part of a Map or a Set that is used. */
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
    'The coldest entries are those that were set first, unless the owner sets an entry again when it is used.',
    'With locks, sessions, connections, timers, workers or documents of an editor in it, it is not lossless; where they came after its registration, a release in the live process fails with `ERR_ADAPTER_REFUSED`. A twin measures it.',
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
  const what = `this ${types.isMap(cache) ? 'Map' : 'Set'}`
  if (isConnected(cache)) throw refused(what, CONNECTION_REASON)
  const isState = stateWithin(cache) !== undefined
  // Filled after it was registered as a cache: nobody has said that this may be lost.
  const checkContents = ({ mode }: ReleaseContext): void => {
    const state = isState || mode === 'twin' ? undefined : stateWithin(cache)
    if (state !== undefined) throw refused(what, `it holds ${state}, which no use brings back`)
  }
  return {
    ...(isState ? { traits: { ...info.traits, lossless: false } } : {}),
    release: (context) => {
      checkContents(context)
      cache.clear()
    },
    entries: () => cache.size,
    trimChoices: ['coldest', 'random'],
    trim: (fraction, context) => {
      checkContents(context)
      const { choice } = context
      for (const key of chooseKeys({ count: cache.size, fraction, choice }, cache.keys())) cache.delete(key)
    },
  }
}

/**
 * A Map used as a cache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for a subclass with a sign of a connection
 * @example
 * const users = new Map()
 * coordinator.register('users', fromMap(users))
 */
export function fromMap(cache: CollectionLike): Releasable {
  return adaptWith(mapAdapter, cache)
}

/**
 * A Set used as a cache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for a subclass with a sign of a connection
 * @example
 * const seen = new Set()
 * coordinator.register('seen', fromSet(seen))
 */
export function fromSet(cache: CollectionLike): Releasable {
  return adaptWith(setAdapter, cache)
}
