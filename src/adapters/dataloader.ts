/** dataloader: the promises that it remembers. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { clearableAdapter } from './clearable.js'
import { CONNECTION_REASON, isConnected } from './connection.js'
import { releasableBehind, storeInProcess } from './in-process.js'
import { hasMethods, objectIn } from './shape.js'

/** The part of a DataLoader that is used. */
export interface DataLoaderLike {
  /** Forgets every load. */
  clearAll(): unknown
  /** Known by it; not called. */
  loadMany(keys: never): unknown
}

export const dataLoaderAdapter: Adapter<DataLoaderLike> = {
  info: {
    library: 'dataloader',
    version: '2',
    name: 'fromDataLoader',
    shape: '`clearAll`, `loadMany`, `prime`',
    releases: '`clear()` of its Map or `cacheMap`; `clearAll()` where that cannot be seen',
    trims: 'with its Map, or another cache of this table as `cacheMap`: as that one; else not',
    entries: '`size` of its Map, or as such a `cacheMap`',
    claimed: 'as such a `cacheMap`, where that knows',
    traits: { lossless: true, refillCost: 'low', twin: true },
    traps: [
      'A loader usually lives for one request: register one that does not.',
      'Loads under way are answered; only their memory is dropped.',
      'With `cache: false` it holds nothing.',
      "A plain Map of your own as `cacheMap` looks like the loader's: other users of it find it empty as well.",
      'A `cacheMap` with a sign of a connection is refused.',
    ],
  },
  matches: (value): value is DataLoaderLike => hasMethods(value, 'clearAll', 'loadMany', 'load', 'prime'),
  adapt: (loader): Releasable => releasableBehind(() => memoryOf(loader)),
}

/** The loader's memory: it may be exchanged, and does not say whether the caller gave it. */
function memoryOf(loader: DataLoaderLike): Releasable {
  const map = objectIn(loader, '_cacheMap')
  // There is none with `cache: false`, and none to be seen in a build that renames it.
  if (map === undefined || !clearableAdapter.matches(map)) return { release: () => loader.clearAll() }
  if (isConnected(map)) throw refused('the cacheMap of this DataLoader', CONNECTION_REASON)
  // clearAll() would drop the promise of a clear(), and free less of some stores than their adapters do.
  return storeInProcess(map) ?? { release: () => map.clear() }
}

/**
 * A DataLoader that lives longer than one request.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over a `cacheMap` with a sign of a connection
 * @example
 * const users = new DataLoader(loadUsers)
 * coordinator.register('users', fromDataLoader(users))
 */
export function fromDataLoader(loader: DataLoaderLike): Releasable {
  return adaptWith(dataLoaderAdapter, loader)
}
