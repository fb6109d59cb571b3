/** abstract-cache, which `@fastify/caching` makes: its cache in this process, not the clients for Redis or MongoDB. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { lruMapAdapter } from './lru-map.js'
import type { LruMapLike } from './lru-map.js'
import { dataMember, hasMethods } from './shape.js'
import { isNameOfState } from './state.js'

/** The part of an abstract-cache that is used. */
export interface AbstractCacheLike {
  /** Known by it; not called. */
  get(key: never, ...rest: never): unknown
  /** Known by it; not called. */
  has(key: never, ...rest: never): unknown
}

export const abstractCacheAdapter: Adapter<AbstractCacheLike> = {
  info: {
    library: 'abstract-cache',
    version: '1',
    name: 'fromAbstractCache',
    shape: '`_cache`, which is an LRUMap, `get`, `set`, `has`, `delete`; also in `client`',
    releases: '`clear()` of its LRUMap: it has none itself',
    trims: 'as of lru_map',
    entries: '`size` of its LRUMap, entries that have expired included',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It is `app.cache` after `app.register(fastifyCaching)`.',
      'Over Redis or MongoDB it is not recognised: what others share must not be emptied.',
      'It keeps what it was given, and hands out copies.',
      'A plugin may keep sessions in it. Where its segment is named so, it is not lossless.',
    ],
  },
  matches: (value): value is AbstractCacheLike =>
    hasMethods(value, 'get', 'set', 'has', 'delete') && memoryOf(value) !== undefined,
  adapt: (cache): Releasable => {
    const memory = (): Releasable => adaptWith(lruMapAdapter, memoryOf(cache))
    return {
      ...(isNameOfState(dataMember(clientOf(cache), '_segment'))
        ? { traits: { ...abstractCacheAdapter.info.traits, lossless: false } }
        : {}),
      release: (context) => memory().release(context),
      entries: () => memory().entries?.() ?? null,
      trimChoices: ['coldest', 'random'],
      trim: (fraction, context) => memory().trim?.(fraction, context),
    }
  },
}

/** With promises or callbacks around it, it is one level below. */
function clientOf(cache: object): object {
  const client = dataMember(cache, 'client')
  return typeof client === 'object' && client !== null ? client : cache
}

function memoryOf(cache: object): LruMapLike | undefined {
  const map = dataMember(clientOf(cache), '_cache')
  return typeof map === 'object' && map !== null && lruMapAdapter.matches(map) ? map : undefined
}

/**
 * A cache that `abstractCache()` of the package abstract-cache made, as `@fastify/caching` has in `app.cache`: in this process.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`, also over a client for Redis or MongoDB
 * @example
 * coordinator.register('responses', fromAbstractCache(app.cache))
 */
export function fromAbstractCache(cache: AbstractCacheLike): Releasable {
  return adaptWith(abstractCacheAdapter, cache)
}
