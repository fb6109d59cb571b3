/** tiny-lru. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasAny, hasMethods, hasNumbers } from './shape.js'

/** What of a tiny-lru is used. */
export interface TinyLruLike {
  readonly size: number
  /** Drops everything. */
  clear(): unknown
  /** Drops one entry. */
  delete(key: never): unknown
  /** Lists its keys. */
  keys(): Iterable<unknown>
}

export const tinyLruAdapter: Adapter<TinyLruLike> = {
  info: {
    library: 'tiny-lru',
    version: '13',
    oldest: '11.3',
    name: 'fromTinyLru',
    shape: '`max`, `ttl`, `evict`, `setWithEvicted`, no `resize`',
    releases: '`clear()`',
    trims: '`delete(key)`, coldest first or at random',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      '`clear()` sets its statistics back to 0.',
      '`keys()` makes an array of all of them, without the expired ones; those go with `clear()` only.',
    ],
  },
  matches: (value): value is TinyLruLike =>
    hasNumbers(value, 'size', 'max', 'ttl') &&
    hasMethods(value, 'clear', 'delete', 'evict', 'keys', 'setWithEvicted') &&
    !hasAny(value, 'resize'),
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      for (const key of chooseKeys({ count: cache.size, fraction, choice }, cache.keys())) cache.delete(key as never)
    },
  }),
}

/**
 * A cache of the package tiny-lru (11.3 and newer, the first with `setWithEvicted()`).
 *
 * @throws CoordinatorError `ERR_ADAPTER_UNKNOWN`
 */
export function fromTinyLru(cache: TinyLruLike): Releasable {
  return adaptWith(tinyLruAdapter, cache)
}
