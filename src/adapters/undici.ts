/**
 * undici's MemoryCacheStore: nobody can list or empty it. So the interceptor is given a store that stands before it, and a
 * release puts a new one behind.
 */
import type { Releasable } from '../coordinator/releasable.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { isObject } from '../support/is-object.js'
import { refused } from './adapter.js'
import type { Adapter, AdapterInfo } from './adapter.js'
import { hasMethods, hasNumbers, objectIn, readMember } from './shape.js'

/** The part of a MemoryCacheStore that is used. */
export interface UndiciStoreLike {
  /** Looks an entry up. */
  get(key: never): unknown
  /** Begins an entry. */
  createWriteStream(key: never, value: never): unknown
  /** Drops one entry. */
  delete(key: never): unknown
}

/** A releasable with the store to hand to the interceptor. */
export interface UndiciCache<Store extends UndiciStoreLike> extends Releasable {
  /** For `interceptors.cache({ store })`. */
  readonly store: Store
}

const undiciInfo: AdapterInfo = {
  library: 'undici',
  version: '7',
  name: 'fromUndici',
  shape: null,
  releases: 'puts a new store in place of the old one',
  trims: null,
  entries: null,
  claimed: '`size` of the store',
  traits: { lossless: true, refillCost: 'medium', twin: true },
  traps: [
    'A MemoryCacheStore can be neither listed nor emptied: `fromCache()` refuses it. Let `fromUndici()` make it, and hand its `store` to the interceptor.',
    'A response that is being written during a release goes to the old store, and is lost for the new one.',
    'Listeners are dropped with the store on which they were set.',
    '`SqliteCacheStore` lies in a file or in SQLite, and is no memory to release: it is refused.',
  ],
}

/** A store of undici as it is: known, in order to be refused with the way out. */
export const undiciStoreAdapter: Adapter<UndiciStoreLike> = {
  info: undiciInfo,
  matches: (value): value is UndiciStoreLike =>
    hasMethods(value, 'createWriteStream', 'get', 'delete') && !hasMethods(value, 'clear'),
  adapt: () => {
    throw refused(
      'this cache store of undici',
      'it can be neither listed nor emptied: let fromUndici(() => new MemoryCacheStore()) make it, and give its "store" to interceptors.cache()',
    )
  },
}

/**
 * undici's cache in memory, made so that it can be released.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN` where `create` makes no store; `ERR_ADAPTER_REFUSED` for one in SQLite
 * @example
 * const http = fromUndici(() => new cacheStores.MemoryCacheStore({ maxSize: 50e6 }))
 * setGlobalDispatcher(new Agent().compose(interceptors.cache({ store: http.store })))
 * coordinator.register('http', http)
 */
export function fromUndici<Store extends UndiciStoreLike>(create: () => Store): UndiciCache<Store> {
  if (typeof create !== 'function') throw noStore(create)
  let current = made(create)
  // Not over the store itself: a Proxy holds on to what it stands for, and nothing would come back.
  const store = new Proxy({} as Store, {
    // Its members are private: they work on the store itself only, and `this` must be that one.
    get: (_, name) => {
      const member = readMember(current, name)
      return typeof member === 'function' ? (member.bind(current) as unknown) : member
    },
    has: (_, name) => name in current,
  })
  return {
    traits: undiciInfo.traits,
    store,
    release: () => {
      current = made(create)
    },
    claimedBytes: () => (hasNumbers(current, 'size') ? (readMember(current, 'size') as number) : null),
  }
}

function made<Store extends UndiciStoreLike>(create: () => Store): Store {
  const store: unknown = create()
  if (!isObject(store) || !undiciStoreAdapter.matches(store)) throw noStore(store)
  if (hasMethods(store, 'close') || objectIn(store, 'db') !== undefined) {
    throw refused('this cache store of undici', 'it holds its entries outside of the memory of this process')
  }
  return store as Store
}

function noStore(got: unknown): CacheAttributionError {
  return new CacheAttributionError(
    'ERR_ADAPTER_UNKNOWN',
    `fromUndici() takes a function that makes a cache store (get, createWriteStream, delete), got ${describe(got)}`,
  )
}
