/** Whatever has a `clear()` and is nothing else: the last that `fromCache()` tries. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { hasMethods, hasNumbers } from './shape.js'

/** An object with `clear()`. */
export interface Clearable {
  /** Drops everything. */
  clear(): unknown
}

export const clearableAdapter: Adapter<Clearable> = {
  info: {
    library: 'anything else',
    version: null,
    name: 'fromClearable',
    shape: '`clear()`, and no sign of a connection',
    releases: '`clear()`',
    trims: null,
    entries: '`size`, where it is a number',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'What its `clear()` does is not known: pass nothing whose content cannot be had again.',
      'A `clear()` that leaves memory behind leaves it out of the row.',
    ],
  },
  matches: (value): value is Clearable => hasMethods(value, 'clear'),
  adapt: (cache): Releasable => ({
    release: () => cache.clear(),
    ...(hasNumbers(cache, 'size') ? { entries: () => (cache as Clearable & { readonly size: number }).size } : {}),
  }),
}

/**
 * Any object with a `clear()` that drops what can be had again.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 */
export function fromClearable(cache: Clearable): Releasable {
  return adaptWith(clearableAdapter, cache)
}
