/** lodash.memoize: a function with a `cache` that may be exchanged for any Map-like. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { CONNECTION_REASON, isConnected } from './connection.js'
import { releasableBehind, storeInProcess } from './in-process.js'
import { dataMember, hasMethods, readMember } from './shape.js'

/** The part of a function memoized by lodash that is used. */
export interface MemoizedLike {
  readonly cache: MemoizeCacheLike
}

/** The cache of such a function. */
export interface MemoizeCacheLike {
  /** Drops everything. */
  clear?(): unknown
  /** Looks a result up. */
  get(key: never): unknown
}

export const lodashMemoizeAdapter: Adapter<MemoizedLike> = {
  info: {
    library: 'lodash.memoize',
    version: '4',
    name: 'fromLodashMemoize',
    shape: 'a function with `cache`, which has `clear`, `get`, `has`, `set`',
    releases: '`cache.clear()`',
    trims: 'with a Map or another cache of this table as `memoize.Cache`: as that one; else not',
    entries: "`cache.size`, which lodash's has and the single package's has not",
    claimed: "with another cache of this table as `memoize.Cache`: that one's, where it knows",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'With a sign of a connection in its cache it is refused, also when the cache is exchanged later.',
      'It keeps every argument forever: a memoized function is a cache without a bound.',
      '`memoize.Cache = WeakMap` has no `clear()`, and needs none: such a function is not recognised.',
    ],
  },
  matches: (value): value is MemoizedLike => {
    const cache = typeof value === 'function' ? dataMember(value, 'cache') : undefined
    return typeof cache === 'object' && cache !== null && hasMethods(cache, 'clear', 'get', 'has', 'set')
  },
  adapt: (memoized): Releasable =>
    releasableBehind(() => {
      const { cache } = memoized
      const known = storeInProcess(cache)
      if (known !== undefined) return known
      if (isConnected(cache)) throw refused('the cache of this memoized function', CONNECTION_REASON)
      return { release: () => cache.clear?.(), entries: () => sizeOf(cache) }
    }),
}

function sizeOf(cache: object): number | null {
  const size = readMember(cache, 'size')
  return typeof size === 'number' ? size : null
}

/**
 * A function that lodash's `memoize()` made.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over a cache with a sign of a connection
 * @example
 * const parsed = memoize(parse)
 * coordinator.register('parsed', fromLodashMemoize(parsed))
 */
export function fromLodashMemoize(memoized: MemoizedLike): Releasable {
  return adaptWith(lodashMemoizeAdapter, memoized)
}
