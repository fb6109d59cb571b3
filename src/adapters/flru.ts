/** flru: four functions, and nothing to look into. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { hasMethods, literalKeys } from './shape.js'

/** The part of an flru that is used. */
export interface FlruLike {
  /** Drops everything. */
  clear(keep?: boolean): unknown
  /** Whether there is such an entry. */
  has(key: string): boolean
  /** Looks an entry up. */
  get(key: string): unknown
  /** Puts an entry in. */
  set(key: string, value: never): unknown
}

export const flruAdapter: Adapter<FlruLike> = {
  info: {
    library: 'flru',
    version: '1',
    name: 'fromFlru',
    shape: 'a plain object with `clear`, `get`, `has`, `set` and nothing else',
    releases: '`clear()`',
    trims: null,
    entries: null,
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It holds up to twice `max` entries.',
      '`clear()` handed a true value, as an event handler would be, keeps half of them.',
    ],
  },
  matches: (value): value is FlruLike =>
    hasMethods(value, 'clear', 'get', 'has', 'set') && literalKeys(value)?.toSorted().join() === 'clear,get,has,set',
  adapt: (cache): Releasable => ({
    release: () => {
      cache.clear()
    },
  }),
}

/**
 * A cache of the package flru.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromFlru(flru(10_000)))
 */
export function fromFlru(cache: FlruLike): Releasable {
  return adaptWith(flruAdapter, cache)
}
