/** `@hapi/catbox-memory`, the cache of a hapi server. */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { trimByKey } from './keys.js'
import { dataMember, hasMember, hasMethods } from './shape.js'
import { isNameOfState } from './state.js'

/** The part of an engine that is used. */
export interface CatboxMemoryLike {
  /** Drops one entry. */
  drop(key: { readonly segment: string; readonly id: string }): unknown
  /** Known by it; not called. */
  validateSegmentName(name: never): unknown
}

/** Entries by segment and id. */
type Segments = ReadonlyMap<string, ReadonlyMap<string, unknown>>

export const catboxMemoryAdapter: Adapter<CatboxMemoryLike> = {
  info: {
    library: '@hapi/catbox-memory',
    version: '6',
    name: 'fromCatboxMemory',
    shape: '`validateSegmentName`, `drop`, `isReady`, `settings`, `byteSize` or `cache`',
    releases: '`drop()` of each entry: its `stop()` would end it',
    trims: '`drop()`, oldest first or at random',
    entries: 'the sum of the sizes of its segments',
    claimed: '`byteSize`',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'It is the engine: the provider of `hapi.server({ cache })`, made by `new Engine()` and handed over as `engine`.',
      'Sessions of hapi lie in it, too: with a segment that is named so at registration it is not lossless.',
    ],
  },
  matches: (value): value is CatboxMemoryLike =>
    hasMethods(value, 'validateSegmentName', 'drop', 'isReady', 'get', 'set', 'stop') &&
    hasMember(value, 'settings') &&
    (dataMember(value, 'cache') === null || types.isMap(dataMember(value, 'cache'))),
  adapt: (engine): Releasable => {
    const keys = (): { segment: string; id: string }[] =>
      [...segmentsOf(engine)].flatMap(([segment, entries]) => [...entries.keys()].map((id) => ({ segment, id })))
    const entries = (): number => [...segmentsOf(engine).values()].reduce((sum, { size }) => sum + size, 0)
    const isState = [...segmentsOf(engine).keys()].some(isNameOfState)
    return {
      ...(isState ? { traits: { ...catboxMemoryAdapter.info.traits, lossless: false } } : {}),
      release: () => {
        for (const key of keys()) engine.drop(key)
      },
      entries,
      claimedBytes: () => {
        const bytes = dataMember(engine, 'byteSize')
        return typeof bytes === 'number' ? bytes : null
      },
      ...trimByKey({ count: entries, coldestFirst: keys, drop: (key) => engine.drop(key) }),
    }
  },
}

/** None before it is started, and after it was stopped. */
function segmentsOf(engine: object): Segments {
  const cache = dataMember(engine, 'cache')
  return types.isMap(cache) ? (cache as Segments) : new Map()
}

/**
 * An engine of the package `@hapi/catbox-memory`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * const engine = new Engine()
 * coordinator.register('pages', fromCatboxMemory(engine))
 */
export function fromCatboxMemory(engine: CatboxMemoryLike): Releasable {
  return adaptWith(catboxMemoryAdapter, engine)
}
