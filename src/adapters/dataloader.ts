/** dataloader: the promises that it remembers. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasMethods, read } from './shape.js'

/** What of a DataLoader is used. */
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
    releases: '`clearAll()`',
    trims: 'entries of its Map, oldest first or at random; not with a `cacheMap` of your own',
    entries: '`size` of its Map',
    claimed: null,
    traits: { lossless: true, refillCost: 'low', twin: true },
    traps: [
      'A loader usually lives for one request: register one that does not.',
      'Loads under way are answered; only their memory is dropped.',
      'With `cache: false` it holds nothing.',
    ],
  },
  matches: (value): value is DataLoaderLike => hasMethods(value, 'clearAll', 'loadMany', 'load', 'prime'),
  adapt: (loader): Releasable => {
    const release = (): void => {
      loader.clearAll()
    }
    const map = read(loader, '_cacheMap')
    // A Map of the caller's own may be shared, or hold more than this loader's entries.
    if (!types.isMap(map) || Object.getPrototypeOf(map) !== Map.prototype) return { release }
    return {
      release,
      entries: () => map.size,
      trimChoices: ['coldest', 'random'],
      trim: (fraction, { choice }) => {
        for (const key of chooseKeys({ count: map.size, fraction, choice }, map.keys())) map.delete(key)
      },
    }
  },
}

/**
 * A DataLoader that lives longer than one request.
 *
 * @throws CoordinatorError `ERR_ADAPTER_UNKNOWN`
 */
export function fromDataLoader(loader: DataLoaderLike): Releasable {
  return adaptWith(dataLoaderAdapter, loader)
}
