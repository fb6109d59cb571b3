/**
 * Stores that other caches are built on, as far as they are memory of this process.
 *
 * Rule: what is not known to be in this process counts as shared. A store is looked at again at every release, since
 * Keyv and cacheable let it be changed at run time.
 */
import type { Releasable, TrimContext } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { AnyAdapter } from './adapter.js'
import { cacheableMemoryAdapter, cacheableMemoryBehind } from './cacheable-memory.js'
import { mapAdapter } from './collections.js'
import { isConnected } from './connection.js'
import { lruCacheAdapter } from './lru-cache.js'
import { lruCache5Adapter } from './lru-cache-5.js'
import { lruMapAdapter } from './lru-map.js'
import { nodeCacheAdapter } from './node-cache.js'
import { mnemonistAdapter } from './mnemonist.js'
import { quickLruAdapter } from './quick-lru.js'
import { readMember } from './shape.js'
import { tinyLruAdapter } from './tiny-lru.js'
import { ttlCacheAdapter } from './ttlcache.js'

/** Most specific first: quick-lru is a Map as well. */
const STORES: readonly AnyAdapter[] = [
  cacheableMemoryAdapter,
  lruCacheAdapter,
  lruCache5Adapter,
  lruMapAdapter,
  nodeCacheAdapter,
  quickLruAdapter,
  ttlCacheAdapter,
  tinyLruAdapter,
  mnemonistAdapter,
  mapAdapter,
]

/** The releasable of a store that is memory of this process; undefined of every other. */
export function storeInProcess(store: unknown): Releasable | undefined {
  if (typeof store !== 'object' || store === null || isConnected(store)) return undefined
  const memory = cacheableMemoryBehind(store) ?? store
  const adapter = STORES.find((each) => each.matches(memory))
  // A subclass with a clear() or delete() of its own may reach anywhere by it.
  if (adapter === undefined || (adapter === mapAdapter && !dropsAsMap(memory))) return undefined
  return adaptWith(adapter, memory)
}

/** Whether `clear` and `delete` are those of Map itself, in whatever realm: their text is the same in every one. */
function dropsAsMap(map: object): boolean {
  return ['clear', 'delete'].every((name) => textOf(readMember(map, name)) === textOf(readMember(Map.prototype, name)))
}

function textOf(method: unknown): string | undefined {
  return typeof method === 'function' ? Function.prototype.toString.call(method) : undefined
}

/**
 * A store that its owner may exchange for another. `find` finds it at each call, and throws where it must not be touched. A
 * part of it can be dropped where the one that is there now can do that.
 */
export function releasableBehind(find: () => Releasable): Releasable {
  const now = find()
  const whole: Releasable = {
    // Not every store is known: a promise that one returns ends the release.
    release: (context) => find().release(context),
    entries: () => find().entries?.() ?? null,
    claimedBytes: () => find().claimedBytes?.() ?? null,
  }
  if (now.trim === undefined || now.trimChoices === undefined) return whole
  return {
    ...whole,
    trimChoices: now.trimChoices,
    trim: (fraction, context) => {
      const store = find()
      return store.trim?.(fraction, choiceOf(store, context))
    },
  }
}

/**
 * Several stores as one cache. `stores` finds them at each call, and throws where one must not be touched.
 */
export function releasableOver(stores: () => readonly Releasable[]): Releasable {
  const sum = (method: 'entries' | 'claimedBytes'): number | null => {
    const parts = stores().map((store) => store[method]?.() ?? null)
    return parts.reduce<number | null>((total, part) => (total === null || part === null ? null : total + part), 0)
  }
  const whole: Releasable = {
    release: (context) => {
      for (const store of stores()) store.release(context)
    },
    entries: () => sum('entries'),
    claimedBytes: () => sum('claimedBytes'),
  }
  // A part of some of them would pass for a part of all.
  if (stores().some((store) => store.trim === undefined)) return whole
  return {
    ...whole,
    trimChoices: ['coldest', 'random'],
    trim: (fraction, context) => {
      for (const store of stores()) store.trim?.(fraction, choiceOf(store, context))
    },
  }
}

/** A store that cannot say which entries are coldest is trimmed at random. */
function choiceOf({ trimChoices = [] }: Releasable, context: TrimContext): TrimContext {
  return trimChoices.includes(context.choice) ? context : { ...context, choice: trimChoices[0] ?? context.choice }
}
