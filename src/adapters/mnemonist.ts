/** mnemonist's LRUCache, LRUMap and their variants with `delete()`: their clear() forgets and frees nothing. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { chooseKeys } from './keys.js'
import { hasMethods, hasNumbers, objectIn, readMember } from './shape.js'

/** The part of a mnemonist LRU that is used. */
export interface MnemonistLruLike {
  readonly size: number
  /** Keys by slot. */
  readonly K: ArrayLike<unknown>
  /** Values by slot. */
  readonly V: ArrayLike<unknown>
  /** Drops everything. */
  clear(): unknown
  /** Most recently used first. */
  keys(): Iterable<unknown>
}

export const mnemonistAdapter: Adapter<MnemonistLruLike> = {
  info: {
    library: 'mnemonist',
    version: '0.40',
    name: 'fromMnemonist',
    shape: '`capacity`, `K`, `V`, `setpop`, `splayOnTop`',
    releases: '`clear()`, then every slot of `K` and `V`',
    trims: '`delete(key)` and its slots, coldest first or at random (`…WithDelete` only)',
    entries: '`size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      '`clear()` alone frees nothing: keys and values stay in their slots until they are overwritten.',
      '`delete()` leaves its slots as well.',
      'The arrays for `capacity` entries, and typed arrays of keys or values, stay: they are in no row.',
    ],
  },
  matches: (value): value is MnemonistLruLike =>
    hasMethods(value, 'clear', 'setpop', 'splayOnTop', 'keys') &&
    hasNumbers(value, 'size', 'capacity') &&
    objectIn(value, 'K') !== undefined &&
    objectIn(value, 'V') !== undefined,
  adapt: (cache): Releasable => {
    const release = (): void => {
      cache.clear()
      forgetAll(cache.K)
      forgetAll(cache.V)
    }
    const entries = (): number => cache.size
    if (!hasMethods(cache, 'delete')) return { release, entries }
    const erasable = cache as MnemonistLruLike & { delete(key: unknown): unknown }
    return {
      release,
      entries,
      trimChoices: ['coldest', 'random'],
      trim: (fraction, { choice }) => {
        // It lists the most recent first.
        const coldestFirst = [...cache.keys()].reverse()
        for (const key of chooseKeys({ count: cache.size, fraction, choice }, coldestFirst)) {
          const slot = slotOf(cache, key)
          erasable.delete(key)
          forget(cache.K, slot)
          forget(cache.V, slot)
        }
      },
    }
  },
}

/** Where a key's entry lies: `items` is a Map or an object. */
function slotOf(cache: MnemonistLruLike, key: unknown): unknown {
  const items = readMember(cache, 'items')
  if (types.isMap(items)) return items.get(key)
  return typeof items === 'object' && items !== null ? readMember(items, key as PropertyKey) : undefined
}

/** Numbers hold nothing alive. */
function forget(slots: ArrayLike<unknown>, slot: unknown): void {
  if (Array.isArray(slots) && typeof slot === 'number') slots[slot] = undefined
}

function forgetAll(slots: ArrayLike<unknown>): void {
  if (Array.isArray(slots)) slots.fill(undefined)
}

/**
 * An LRUCache, LRUMap, LRUCacheWithDelete or LRUMapWithDelete of the package mnemonist.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('users', fromMnemonist(new LRUCache(10_000)))
 */
export function fromMnemonist(cache: MnemonistLruLike): Releasable {
  return adaptWith(mnemonistAdapter, cache)
}
