/** Keyv over a store in this process; over any other store it is refused, since clearing reaches everybody's data. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableOver, storeInProcess } from './in-process.js'
import { dataMember, hasAny, hasMethods, objectIn, readMember } from './shape.js'
import { isNameOfState } from './state.js'

/** The part of a Keyv that is used. */
export interface KeyvLike {
  /** Holds the `store`; `@keyvhq/core` has none. */
  readonly opts?: object
  /** Drops everything. */
  clear(): unknown
  /** Looks an entry up. */
  get(key: string): unknown
}

export const keyvAdapter: Adapter<KeyvLike> = {
  info: {
    library: 'keyv',
    version: '5',
    oldest: '4',
    name: 'fromKeyv',
    shape:
      '`opts` with a `store`, `disconnect`, `hooks` or `iterator`; of `@keyvhq/core`: `store`, `serialize`, `_getKeyPrefix`',
    releases: '`clear()` of its store, where that is a Map or another cache of this table',
    trims: "as its store's",
    entries: "its store's `size`",
    claimed: "its store's, where that knows",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Over Redis, SQLite or any store that is not known to be memory of this process: refused. `clear()` would empty it for everybody.',
      'So is a Map of a class of your own with another `clear()` or `delete()`, or with a sign of a connection.',
      'Several Keyvs over one Map are emptied together, whatever their namespaces.',
      'Where its namespace stands for state, such as that of locks, it is not lossless: a run in the live process leaves it out.',
      '`clear` is not emitted: the store is emptied directly, which is synchronous and measured to the byte.',
    ],
  },
  matches: (value): value is KeyvLike =>
    hasMethods(value, 'clear', 'get', 'set', 'delete') && (isOfSecondPackage(value) || isOfFirstPackage(value)),
  adapt: (keyv): Releasable => {
    const stores = (): Releasable[] => [memoryOf(keyv)]
    const namespace = dataMember(keyv.opts ?? keyv, 'namespace') ?? readMember(keyv, 'namespace')
    return {
      ...(isNameOfState(namespace) ? { traits: { ...keyvAdapter.info.traits, lossless: false } } : {}),
      ...releasableOver(stores),
    }
  },
}

function isOfFirstPackage(value: object): boolean {
  const options = objectIn(value, 'opts')
  return (
    options !== undefined &&
    hasMethods(value, 'disconnect') &&
    (hasAny(value, 'hooks', 'iterator') || (hasAny(options, 'store') && hasMethods(options, 'deserialize')))
  )
}

/** `@keyvhq/core`. */
function isOfSecondPackage(value: object): boolean {
  return hasMethods(value, 'has', 'serialize', 'deserialize', '_getKeyPrefix') && hasAny(value, 'store')
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
 * @example
 * coordinator.register('sessions', fromKeyv(new Keyv()))
 */
export function fromKeyv(keyv: KeyvLike): Releasable {
  return adaptWith(keyvAdapter, keyv)
}
