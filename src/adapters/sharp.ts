/** sharp: the cache of operations of libvips, which belongs to the whole process. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { fractionCount } from './keys.js'
import { hasMethods } from './shape.js'

/** The part of sharp that is used. */
export interface SharpLike {
  /** Tells the state of the cache, and sets its limits. */
  cache(limits?: boolean | { memory?: number; files?: number; items?: number }): {
    readonly memory: { readonly current: number; readonly max: number }
    readonly files: { readonly max: number }
    readonly items: { readonly current: number; readonly max: number }
  }
  /** Known by it; not called. */
  counters(): unknown
}

export const sharpAdapter: Adapter<SharpLike> = {
  info: {
    library: 'sharp',
    version: '0.35',
    name: 'fromSharp',
    shape: 'a function with `cache()` and `counters()`',
    releases: '`cache(false)`, then the limits that were set before',
    trims: '`cache({ items })`, then the limits that were set before',
    entries: '`cache().items.current`',
    claimed: '`cache().memory.current`, in MiB',
    traits: { lossless: true, refillCost: 'low', gc: 'none', twin: false },
    traps: [
      '`cache(false)` sets all limits to 0, and nothing is cached any more: they are put back.',
      'Its claim counts all pixels of libvips, those being worked on as well, in whole MiB.',
      'libvips works on threads of its own, which a fork does not copy: it is left out of a twin.',
    ],
  },
  matches: (value): value is SharpLike => typeof value === 'function' && hasMethods(value, 'cache', 'counters'),
  adapt: (sharp): Releasable => {
    const within = (limits: false | { items: number }): void => {
      const { memory, files, items } = sharp.cache()
      try {
        sharp.cache(limits)
      } finally {
        sharp.cache({ memory: memory.max, files: files.max, items: items.max })
      }
    }
    return {
      release: () => {
        within(false)
      },
      entries: () => sharp.cache().items.current,
      claimedBytes: () => sharp.cache().memory.current * 1024 * 1024,
      trimChoices: ['coldest'],
      trim: (fraction) => {
        const { current } = sharp.cache().items
        within({ items: current - fractionCount(current, fraction) })
      },
    }
  },
}

/**
 * The cache of operations of the package sharp. Pass what the package exports.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('libvips', fromSharp(sharp))
 */
export function fromSharp(sharp: SharpLike): Releasable {
  return adaptWith(sharpAdapter, sharp)
}
