/** Whatever has a `clear()` and is nothing else: the last that `fromCache()` tries. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { dataMember, hasMember, hasMethods, readMember } from './shape.js'
import { isNameOfState } from './state.js'

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
      'The effect of its `clear()` is not known: pass nothing whose content cannot be restored.',
      'Where the name of its class stands for state (`SessionCache`, `LockTable`), it is not lossless.',
      'A `clear()` that leaves memory behind leaves it out of the row.',
    ],
  },
  matches: (value): value is Clearable => hasMethods(value, 'clear'),
  adapt: (cache): Releasable => ({
    ...(isNameOfState(classNameOf(cache)) ? { traits: { ...clearableAdapter.info.traits, lossless: false } } : {}),
    release: () => cache.clear(),
    ...(mayCount(cache) ? { entries: () => sizeOf(cache) } : {}),
  }),
}

/** A getter is called when the entries are asked for, and not before. */
function mayCount(cache: object): boolean {
  return hasMember(cache, 'size') && !hasMethods(cache, 'size')
}

function sizeOf(cache: object): number | null {
  const size = readMember(cache, 'size')
  return typeof size === 'number' ? size : null
}

/** For what it tells of state alone: minifiers leave nothing of it. */
function classNameOf(cache: object): unknown {
  const constructed = dataMember(cache, 'constructor')
  return typeof constructed === 'function' ? dataMember(constructed, 'name') : undefined
}

/**
 * Any object with a `clear()` that drops data which use brings back.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('templates', fromClearable({ clear: () => templates.reset() }))
 */
export function fromClearable(cache: Clearable): Releasable {
  return adaptWith(clearableAdapter, cache)
}
