/**
 * Every library that has an adapter, as its users have it: the real package, filled and asked through its own methods.
 *
 * The named adapters are called with the packages' own types, so that compiling this file shows that they fit.
 */
import { createRequire } from 'node:module'
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import { TTLCache } from '@isaacs/ttlcache'
import { createCache } from 'cache-manager'
import { Cacheable, CacheableMemory } from 'cacheable'
import DataLoader from 'dataloader'
import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'
import LRUCache7 from 'lru-cache-7'
import * as mnemonist from 'mnemonist'
import NodeCache from 'node-cache'
import pMemoize, { pMemoizeClear } from 'p-memoize'
import QuickLRU from 'quick-lru'
import QuickLRU6 from 'quick-lru-6'
import { lru as tinyLru } from 'tiny-lru'
import { lru as tinyLru11 } from 'tiny-lru-11'
import { cacheStores } from 'undici'
import * as adapters from '../../src/adapters/index.js'
import type { FlruLike, MnemonistLruLike } from '../helpers/internals/adapters.js'
import type { Releasable } from '../../src/index.js'
import type { Kind } from './fixtures/contents.js'
import { requestOf, writeResponse } from './fixtures/responses.js'

/** One cache of a library. */
export interface Subject {
  readonly releasable: Releasable
  /** The kind that `fromCache()` is to know; undefined where nothing of the cache can be seen. */
  readonly cache: object | undefined
  set(key: string, value: object): unknown
  get(key: string): unknown
}

/** The libraries that hold any values of their user's. */
const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  Map: () => {
    const cache = new Map<string, object>()
    return subject(adapters.fromMap(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'lru-cache': () => {
    const cache = new LRUCache<string, object>({ max: MOST })
    return subject(adapters.fromLruCache(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'lru-cache 7': () => {
    const cache = new LRUCache7<string, object>({ max: MOST })
    return subject(adapters.fromLruCache(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'quick-lru': () => {
    const cache = new QuickLRU<string, object>({ maxSize: MOST })
    return subject(adapters.fromQuickLru(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'quick-lru 6': () => {
    const cache = new QuickLRU6<string, object>({ maxSize: MOST })
    return subject(adapters.fromQuickLru(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'tiny-lru': () => {
    const cache = tinyLru<object>(MOST)
    return subject(adapters.fromTinyLru(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  'tiny-lru 11': () => {
    const cache = tinyLru11<object>(MOST)
    return subject(adapters.fromTinyLru(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  '@isaacs/ttlcache': () => {
    const cache = new TTLCache<string, object>({ ttl: 3_600_000 })
    return subject(adapters.fromTtlCache(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  flru: () => {
    const cache = flru(MOST)
    return subject(adapters.fromFlru(cache), cache, {
      set: (key, value) => {
        cache.set(key, value)
      },
      get: (key) => cache.get(key),
    })
  },
  'mnemonist LRUCache': () => mnemonistSubject(new mnemonist.LRUCache<string, object>(MOST)),
  'mnemonist LRUMap': () => mnemonistSubject(new mnemonist.LRUMap<string, object>(MOST)),
  'mnemonist LRUCacheWithDelete': () => mnemonistSubject(new mnemonist.LRUCacheWithDelete<string, object>(MOST)),
  'mnemonist LRUMapWithDelete': () => mnemonistSubject(new mnemonist.LRUMapWithDelete<string, object>(MOST)),
  'node-cache': () => {
    const cache = new NodeCache({ useClones: false, checkperiod: 0 })
    return subject(adapters.fromNodeCache(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  keyv: () => {
    const cache = plainKeyv()
    return subject(adapters.fromKeyv(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  cacheable: () => {
    const cache = new Cacheable()
    return subject(adapters.fromCacheable(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  '@cacheable/memory': () => {
    const cache = new CacheableMemory({ useClone: false })
    return subject(adapters.fromCacheableMemory(cache), cache, {
      set: (key, value) => {
        cache.set(key, value)
      },
      get: (key) => cache.get(key),
    })
  },
  'cache-manager': () => {
    const cache = createCache({ stores: [plainKeyv()] })
    return subject(adapters.fromCacheManager(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  dataloader: () => {
    const cache = new DataLoader<string, object>((keys) => Promise.resolve(keys.map(() => new Error('not primed'))))
    return subject(adapters.fromDataLoader(cache), cache, {
      set: (key, value) => cache.prime(key, value),
      get: (key) => cache.load(key).catch(() => undefined),
    })
  },
  'lodash.memoize': () => {
    let next: object | undefined
    const memoized = memoize(() => next)
    return subject(adapters.fromLodashMemoize(memoized), memoized, {
      set: (key, value) => {
        next = value
        memoized(key)
        next = undefined
      },
      get: (key) => (memoized.cache.has(key) ? memoized(key) : undefined),
    })
  },
  'p-memoize': () => {
    let next: object | undefined
    const memoized = pMemoize((_key: string) => Promise.resolve(next), { shouldCache: (value) => value !== undefined })
    return subject(adapters.fromPMemoize(memoized, pMemoizeClear), undefined, {
      set: async (key, value) => {
        next = value
        await memoized(key)
        next = undefined
      },
      get: (key) => memoized(key),
    })
  },
  '@apollo/utils.keyvaluecache': () => {
    // Its own sizes are those of JSON, which a Buffer makes four times as long as it is.
    const cache = new InMemoryLRUCache<object>({ maxSize: 2 ** 40, sizeCalculation: () => 1000 })
    return subject(adapters.fromKeyValueCache(cache), cache, {
      set: (key, value) => cache.set(key, value),
      get: (key) => cache.get(key),
    })
  },
  Set: () => {
    const cache = new Set<object>()
    const byKey = new Map<string, WeakRef<object>>()
    return subject(adapters.fromSet(cache), cache, {
      set: (key, value) => {
        cache.add(value)
        byKey.set(key, new WeakRef(value))
      },
      get: (key) => {
        const value = byKey.get(key)?.deref()
        return value !== undefined && cache.has(value) ? value : undefined
      },
    })
  },
}

/** undici's store holds responses: their bodies are Buffers, and there is no other content to have. */
const RESPONSES: Readonly<Record<string, () => Subject>> = {
  undici: () => {
    const responses = adapters.fromUndici(() => new cacheStores.MemoryCacheStore({ maxSize: 2 ** 40 }))
    return subject(responses, undefined, {
      set: (key, value) => writeResponse(responses.store, key, value),
      get: (key) => responses.store.get(requestOf(key)),
    })
  },
}

/** The libraries that hold values of this kind. */
export function subjectsFor(kind: Kind): Readonly<Record<string, () => Subject>> {
  return kind === 'buffers' ? { ...SUBJECTS, ...RESPONSES } : SUBJECTS
}

/** Entries that every subject has room for. */
const MOST = 100_000

const require = createRequire(import.meta.url)
// Their types are missing, or say `default` of what is exported as a whole.
const flru = require('flru') as (max: number) => FlruLike & { set(key: string, value: object): unknown }
const memoize = require('lodash.memoize') as (compute: (key: string) => object | undefined) => Memoized

/** It would make JSON of every value otherwise. */
function plainKeyv(): Keyv<object> {
  const keyv = new Keyv<object>()
  keyv.serialize = undefined
  keyv.deserialize = undefined
  return keyv
}

interface Memoized {
  (key: string): object | undefined
  readonly cache: {
    clear(): void
    get(key: string): unknown
    has(key: string): boolean
    set(key: string, value: unknown): unknown
  }
}

interface MnemonistLru {
  readonly size: number
  set(key: string, value: object): unknown
  get(key: string): object | undefined
}

/** Its types leave out what holds the entries. */
function mnemonistSubject(cache: MnemonistLru): Subject {
  return subject(adapters.fromMnemonist(cache as unknown as MnemonistLruLike), cache, {
    set: (key, value) => {
      cache.set(key, value)
    },
    get: (key) => cache.get(key),
  })
}

function subject(releasable: Releasable, cache: object | undefined, use: Pick<Subject, 'set' | 'get'>): Subject {
  return { releasable, cache, ...use }
}
