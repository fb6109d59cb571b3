/** micro-memoize and moize, which is built on it: functions with a `cache` of two arrays, or of a list. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { dataMember, hasMember, hasMethods, objectIn, readMember } from './shape.js'

/** The part of a function of micro-memoize or moize that is used. */
export interface MicroMemoizedLike {
  /** Holds the results. */
  readonly cache: { readonly size: number }
}

/** Two arrays, in micro-memoize up to 4 and in moize. */
interface Arrays {
  readonly keys: unknown[]
  readonly values: unknown[]
}

export const microMemoizeAdapter: Adapter<MicroMemoizedLike> = {
  info: {
    library: 'micro-memoize',
    version: '5',
    oldest: '4',
    name: 'fromMicroMemoize',
    shape: 'a function with `cache`, `isMemoized` or `isMoized`, `options`',
    releases: '`cache.clear()`; its two arrays before 5',
    trims: null,
    entries: '`cache.size`',
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It keeps one result unless `maxSize` says otherwise.',
      'In 5 `clear()` emits `delete` for each entry, to those who listen.',
    ],
  },
  matches: (value): value is MicroMemoizedLike =>
    typeof value === 'function' &&
    dataMember(value, 'isMemoized') === true &&
    !hasMember(value, 'isMoized') &&
    cacheOf(value) !== undefined,
  adapt: (memoized): Releasable => releasable(memoized),
}

export const moizeAdapter: Adapter<MicroMemoizedLike> = {
  info: {
    ...microMemoizeAdapter.info,
    library: 'moize',
    version: '6',
    oldest: '6',
    name: 'fromMoize',
    shape: 'a function with `isMoized`, `cache`, `clear`, `expirations`',
    releases: '`clear()`, and the timers of `maxAge`, which hold the arguments',
    traps: [
      'It keeps one result unless `maxSize` says otherwise.',
      'Its own `clear()` leaves the timers of `maxAge`, and they hold the arguments of every call until they end.',
      'With `onCacheChange` that is called.',
    ],
  },
  matches: (value): value is MicroMemoizedLike =>
    typeof value === 'function' &&
    hasMethods(value, 'clear', 'remove') &&
    readMember(value, 'isMoized') === true &&
    cacheOf(value) !== undefined,
  adapt: (moized): Releasable => {
    const clearable = moized as MicroMemoizedLike & { clear(): unknown }
    return {
      ...releasable(moized),
      release: () => {
        clearable.clear()
        const expirations = objectIn(moized, 'expirations')
        if (!Array.isArray(expirations)) return
        for (const each of expirations.splice(0) as { timeoutId?: NodeJS.Timeout }[]) clearTimeout(each.timeoutId)
      },
    }
  },
}

function cacheOf(memoized: object): object | undefined {
  const cache = objectIn(memoized, 'cache')
  return cache !== undefined && (hasMethods(cache, 'clear', 'delete') || isOfArrays(cache)) ? cache : undefined
}

function isOfArrays(cache: object): cache is Arrays {
  return Array.isArray(dataMember(cache, 'keys')) && Array.isArray(dataMember(cache, 'values'))
}

/** The cache is looked up at each call: a function of moize may be given another. */
function releasable(memoized: MicroMemoizedLike): Releasable {
  return {
    release: () => {
      const { cache } = memoized
      if (isOfArrays(cache)) {
        cache.keys.length = 0
        cache.values.length = 0
      } else if (hasMethods(cache, 'clear')) {
        ;(cache as unknown as { clear(): unknown }).clear()
      }
    },
    entries: () => memoized.cache.size,
  }
}

/**
 * A function that micro-memoize made (4 and 5).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * const parsed = memoize(parse, { maxSize: 1000 })
 * coordinator.register('parsed', fromMicroMemoize(parsed))
 */
export function fromMicroMemoize(memoized: MicroMemoizedLike): Releasable {
  return adaptWith(microMemoizeAdapter, memoized)
}

/**
 * A function that moize made (6).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * const parsed = moize(parse, { maxSize: 1000 })
 * coordinator.register('parsed', fromMoize(parsed))
 */
export function fromMoize(moized: MicroMemoizedLike): Releasable {
  return adaptWith(moizeAdapter, moized)
}
