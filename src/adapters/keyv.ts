/** Keyv over a store in this process; over any other store it is refused, since clearing reaches everybody's data. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableOver, storeInProcess } from './in-process.js'
import { hasAny, hasMethods, objectIn, readMember } from './shape.js'

/** What of a Keyv is used. */
export interface KeyvLike {
  /** Holds the `store`. */
  readonly opts: object
  /** Drops everything. */
  clear(): unknown
  /** Looks an entry up. */
  get(key: string): unknown
  /** Known by it; not called. */
  disconnect(): unknown
}

export const keyvAdapter: Adapter<KeyvLike> = {
  info: {
    library: 'keyv',
    version: '5',
    name: 'fromKeyv',
    shape: '`opts`, `disconnect`, `deleteMany`, `hooks` or `iterator`',
    releases: '`clear()` of its store, where that is a Map or another cache of this table',
    trims: "as its store's",
    entries: "its store's `size`",
    claimed: "its store's, where that knows",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Over Redis, SQLite or any store that is not known to be memory of this process: refused. `clear()` would empty it for everybody.',
      'So is a Map of a class of your own with another `clear()` or `delete()`, or with a sign of a connection.',
      'Several Keyvs over one Map are emptied together, whatever their namespaces.',
      '`clear` is not emitted: the store is emptied directly, which is synchronous and measured to the byte.',
    ],
  },
  matches: (value): value is KeyvLike =>
    objectIn(value, 'opts') !== undefined &&
    hasMethods(value, 'clear', 'get', 'set', 'delete', 'deleteMany', 'disconnect') &&
    hasAny(value, 'hooks', 'iterator'),
  adapt: (keyv): Releasable => {
    const stores = (): Releasable[] => [memoryOf(keyv)]
    return releasableOver(stores)
  },
}

/** The store as a releasable; undefined where it is no memory of this process. */
export function memoryBehind(keyv: object): Releasable | undefined {
  // opts.store is what its methods use; `store` is only the way to change it.
  const options = objectIn(keyv, 'opts')
  return storeInProcess((options === undefined ? undefined : readMember(options, 'store')) ?? readMember(keyv, 'store'))
}

function memoryOf(keyv: object): Releasable {
  const memory = memoryBehind(keyv)
  if (memory !== undefined) return memory
  throw refused(
    'this Keyv',
    'its store is not known to be memory of this process, and clear() would empty it for all who share it',
  )
}

/**
 * A Keyv over a Map or another in-process store.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` over any other store
 */
export function fromKeyv(keyv: KeyvLike): Releasable {
  return adaptWith(keyvAdapter, keyv)
}
