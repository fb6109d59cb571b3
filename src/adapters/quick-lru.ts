/** quick-lru: a subclass of Map whose entries are not in that Map. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasMethods, hasNumbers, readMember } from './shape.js'

/** The part of a quick-lru that is used. */
export interface QuickLruLike {
  /** Never more than `maxSize`, however many it holds. */
  readonly size: number
  /** The types of version 6 leave it out. */
  readonly maxSize?: number | undefined
  /** Milliseconds; infinite where entries do not expire. The types of version 6 leave it out. */
  readonly maxAge?: number | undefined
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: unknown): unknown
  /** Lists its entries, the coldest first. */
  entriesAscending(): Iterable<readonly [unknown, unknown]>
  /** Milliseconds, infinite for an entry that does not expire; version 6 has none. */
  expiresIn?(key: never): number | undefined
}

export const quickLruAdapter: Adapter<QuickLruLike> = {
  info: {
    library: 'quick-lru',
    version: '7',
    oldest: '6',
    name: 'fromQuickLru',
    shape: '`maxSize`, `maxAge`, `resize`, `entriesAscending`',
    releases: '`clear()`',
    trims: '`delete(key)`, coldest first or at random',
    entries:
      '`size`; at `maxSize`, where that stops counting, by listing them; unknown there once entries expire. By its two Maps in 6',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It extends `Map`, but holds its entries elsewhere: `Map.prototype.clear.call(cache)` frees nothing.',
      '`evict()`, since 7, builds a new `Map` of everything it keeps, and keeps one entry: `delete()` is used instead.',
      'It holds up to twice `maxSize` entries, and its `size` says `maxSize` then. Listing them, which `observe()` does too, takes some milliseconds for 100,000.',
      'Listing drops what has expired, and calls `onEviction`. With `maxAge` no count lists. The `maxAge` of a single entry is seen by listing only: the count that first meets one stops there, is unknown, and is the last that lists; what had expired ahead of it is dropped by then.',
    ],
  },
  matches: (value): value is QuickLruLike =>
    hasMethods(value, 'clear', 'delete', 'resize', 'entriesAscending') &&
    hasNumbers(value, 'size', 'maxSize', 'maxAge'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: counterOf(cache),
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      const keys = [...keysOf(cache)]
      for (const key of chooseKeys({ count: keys.length, fraction, choice }, keys)) cache.delete(key)
    },
  }),
}

/** Listing drops what has expired, and tells the owner's `onEviction` of it: a count must not do that. */
function counterOf(cache: QuickLruLike): () => number | null {
  // An entry may have a `maxAge` of its own, and nothing shows it but the entry.
  let isExpiring = false
  return () => {
    const { size, maxSize = Infinity, maxAge = Infinity } = cache
    if (size < maxSize) return size
    const shown = countOfMaps(cache)
    if (shown !== undefined) return shown
    if (isExpiring || maxAge !== Infinity) return null
    let count = 0
    for (const [key] of cache.entriesAscending()) {
      isExpiring = cache.expiresIn?.(key as never) !== Infinity
      if (isExpiring) return null
      count++
    }
    return count
  }
}

/** The entries of version 6, by the two Maps that 7 hides. A key that is in both is that of one entry. */
function countOfMaps(cache: object): number | undefined {
  const [recent, old] = [readMember(cache, 'cache'), readMember(cache, 'oldCache')]
  if (!types.isMap(recent) || !types.isMap(old)) return undefined
  let count = recent.size
  for (const key of old.keys()) if (!recent.has(key)) count++
  return count
}

function* keysOf(cache: QuickLruLike): Generator {
  for (const [key] of cache.entriesAscending()) yield key
}

/**
 * A cache of the package quick-lru (6 and newer).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromQuickLru(new QuickLRU({ maxSize: 10_000 })))
 */
export function fromQuickLru(cache: QuickLruLike): Releasable {
  return adaptWith(quickLruAdapter, cache)
}
