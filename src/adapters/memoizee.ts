/** memoizee: functions that clear themselves, and show nothing of their results. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { dataMember, hasMethods } from './shape.js'

/** The part of a function of memoizee that is used. */
export interface MemoizeeLike {
  /** Drops everything. */
  clear(): unknown
  /** Known by it; not called. */
  delete(...args: never[]): unknown
}

export const memoizeeAdapter: Adapter<MemoizeeLike> = {
  info: {
    library: 'memoizee',
    version: '0.4',
    name: 'fromMemoizee',
    shape: 'a function with `__memoized__`, `clear`, `delete`',
    releases: '`clear()`',
    trims: null,
    entries: null,
    claimed: null,
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It counts nothing: with `max`, `maxAge` or neither, its entries are unknown.',
      '`clear()` calls `dispose` for each result where that option is set: a result that is disposed of must not be in use.',
    ],
  },
  matches: (value): value is MemoizeeLike =>
    typeof value === 'function' && dataMember(value, '__memoized__') === true && hasMethods(value, 'clear', 'delete'),
  adapt: (memoized): Releasable => ({
    release: () => {
      memoized.clear()
    },
  }),
}

/**
 * A function that memoizee made.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * const parsed = memoizee(parse)
 * coordinator.register('parsed', fromMemoizee(parsed))
 */
export function fromMemoizee(memoized: MemoizeeLike): Releasable {
  return adaptWith(memoizeeAdapter, memoized)
}
