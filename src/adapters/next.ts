/**
 * Next.js: its LRUCache, and what holds one: the incremental cache of pages and of `fetch()`.
 */
import { types } from 'node:util'
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableBehind } from './in-process.js'
import { chooseKeys } from './keys.js'
import { dataMember, hasMethods, hasNumbers, objectIn, readMember } from './shape.js'

/** The part of an LRUCache of Next.js that is used. */
export interface NextLruLike {
  readonly size: number
  readonly totalSize: number
  /** Its entries by key. */
  readonly cache: ReadonlyMap<unknown, unknown>
  /** Drops one entry, and tells nobody. */
  remove(key: never): unknown
}

/** The part of an IncrementalCache, or of its handler in the file system, that is used. */
export interface NextCacheLike {
  /** Known by it; not called. */
  revalidateTag(tags: never): unknown
  /** Known by it; not called. */
  resetRequestCache(): unknown
}

const IN_OTHERS =
  'start the service with `node --import cache-attribution/auto`, which registers each LRUCache of Next.js, or let discover() measure it'

export const nextLruAdapter: Adapter<NextLruLike> = {
  info: {
    library: 'next (LRUCache)',
    version: '16',
    oldest: '15.1',
    name: 'fromNextLru',
    shape: '`cache`, which is a Map, `totalSize`, `maxSize`, `remove`, no `delete`',
    releases: '`remove(key)` of each entry: it has no `clear()` since 15.5',
    trims: '`remove(key)`, coldest first or at random',
    entries: '`size`',
    claimed: '`totalSize`, where it has a function that counts: characters of HTML, data and JSON',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'What it counts are characters, and a part of each entry alone: bodies that are Buffers hold more.',
      'The one that keeps the sizes of files on disk is refused: without its entries they would never be deleted.',
      '`auto` registers each by the file that makes it: pages and `fetch()` are `memory-cache.external.js`, `use cache` is `cache-handlers/default.js`.',
    ],
  },
  matches: (value): value is NextLruLike =>
    hasMethods(value, 'get', 'set', 'has', 'remove') &&
    !hasMethods(value, 'delete') &&
    types.isMap(dataMember(value, 'cache')) &&
    hasNumbers(value, 'totalSize', 'maxSize', 'size'),
  adapt: (cache): Releasable => {
    refuseDiskIndex(cache)
    const remove = (keys: Iterable<unknown>): void => {
      refuseDiskIndex(cache)
      for (const key of keys) cache.remove(key as never)
    }
    return {
      release: () => {
        remove([...cache.cache.keys()])
      },
      entries: () => cache.size,
      claimedBytes: () => (hasMethods(cache, 'calculateSize') ? cache.totalSize : null),
      trimChoices: ['coldest', 'random'],
      trim: (fraction, { choice }) => {
        remove(chooseKeys({ count: cache.size, fraction, choice }, coldestFirst(cache)))
      },
    }
  },
}

/** Its entries are sizes of files, which are deleted when they are evicted. */
function refuseDiskIndex(cache: NextLruLike): void {
  const [first] = cache.cache.values()
  const data = typeof first === 'object' && first !== null ? dataMember(first, 'data') : undefined
  if (typeof data !== 'number' || !hasMethods(cache, 'onEvict')) return
  throw refused('this LRUCache of Next.js', 'it lists files on disk, which nobody would delete any more')
}

/** By its list; older versions put an entry that is used at the end of the Map. */
function* coldestFirst(cache: NextLruLike): Generator {
  const tail = objectIn(cache, 'tail')
  if (tail === undefined) {
    yield* cache.cache.keys()
    return
  }
  for (let node = objectIn(tail, 'prev'); node !== undefined; node = objectIn(node, 'prev')) {
    // The sentinel at the other end has no key.
    if ('key' in node) yield node.key
  }
}

export const nextCacheAdapter: Adapter<NextCacheLike> = {
  info: {
    library: 'next (incremental cache)',
    version: '16',
    oldest: '15.5',
    name: 'fromNextCache',
    shape: '`revalidateTag`, `resetRequestCache`, `get`, `set`; `globalThis.__incrementalCache` is one',
    releases: 'its LRUCache in memory, as above; the files of `.next/cache` stay',
    trims: 'as of its LRUCache',
    entries: 'as of its LRUCache',
    claimed: 'as of its LRUCache',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'One LRUCache is shared by all of these objects, and a request may make one: register one of them once.',
      'With `cacheMaxMemorySize: 0`, and with a `cacheHandler` of your own, there is none: it is refused. Register the cache of your handler by itself.',
      'Before 15.5 it is a variable of a module: refused, and `auto` registers it.',
      'The handler of `use cache` shows nothing of its entries: `auto` registers them.',
    ],
  },
  matches: (value): value is NextCacheLike => hasMethods(value, 'get', 'set', 'revalidateTag', 'resetRequestCache'),
  adapt: (cache): Releasable => releasableBehind(() => adaptWith(nextLruAdapter, memoryOf(cache))),
}

/** Static since 15.5, so that all share it; `cacheHandler` is what an IncrementalCache asks. */
function memoryOf(cache: NextCacheLike): NextLruLike {
  const handler = objectIn(cache, 'cacheHandler') ?? cache
  const constructed = readMember(handler, 'constructor')
  const shared = typeof constructed === 'function' ? dataMember(constructed, 'memoryCache') : undefined
  const memory = dataMember(handler, 'memoryCache') ?? shared
  if (typeof memory === 'object' && memory !== null && nextLruAdapter.matches(memory)) return memory
  throw refused('this cache of Next.js', `no memory cache is to be seen in its handler: ${IN_OTHERS}`)
}

/** The handler of `use cache`: known in order to be refused with the way out. */
export const nextHandlerAdapter: Adapter<object> = {
  info: { ...nextCacheAdapter.info, name: 'fromNextCache' },
  matches: (value): value is object =>
    hasMethods(value, 'get', 'set', 'refreshTags', 'getExpiration', 'updateTags') && !hasMethods(value, 'clear'),
  adapt: () => {
    throw refused('this cache handler of Next.js', `it can be neither listed nor emptied: ${IN_OTHERS}`)
  },
}

/**
 * An LRUCache of Next.js (15.1 and newer).
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for the one that lists files on disk
 * @example
 * coordinator.register('next images', fromNextLru(cache))
 */
export function fromNextLru(cache: NextLruLike): Releasable {
  return adaptWith(nextLruAdapter, cache)
}

/**
 * The cache of pages and of `fetch()` that Next.js keeps in memory (15.5 and newer), by its IncrementalCache or FileSystemCache.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` where its memory cannot be seen
 * @example
 * coordinator.register('next pages', fromNextCache(globalThis.__incrementalCache))
 */
export function fromNextCache(cache: NextCacheLike): Releasable {
  return adaptWith(nextCacheAdapter, cache)
}
