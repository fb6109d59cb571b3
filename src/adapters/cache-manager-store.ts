/** The store of cache-manager 4 and 5 in memory: an lru-cache that only its own functions reach. */
import type { Releasable } from '../coordinator/releasable.js'
import { isObject } from '../support/is-object.js'
import { isConnected } from './connection.js'
import { dataMember, hasMethods, readMember } from './shape.js'

/** The part of such a store that is used. */
interface MemoryStoreLike {
  /** Drops everything. */
  reset(): unknown
}

/**
 * The releasable of a memory store; undefined of any other store. Stores over Redis have `reset()` as well, and empty it for all: only
 * the one in memory lists and loads its lru-cache by `dump` and `load`.
 */
export function memoryStoreBehind(store: unknown): Releasable | undefined {
  if (!isObject(store) || isConnected(store)) return undefined
  if (!hasMethods(store, 'get', 'set', 'del', 'reset', 'keys', 'dump', 'load')) return undefined
  const memory = store as unknown as MemoryStoreLike
  return {
    release: () => memory.reset(),
    entries: () => numberOf(store, 'size') ?? countOf(store),
    // 0 without a function that counts.
    claimedBytes: () => (numberOf(store, 'calculatedSize') === 0 ? null : numberOf(store, 'calculatedSize')),
  }
}

function numberOf(store: object, name: string): number | null {
  const value = readMember(store, name)
  return typeof value === 'number' ? value : null
}

/** In 4 it is a method. */
function countOf(store: object): number | null {
  const keyCount = dataMember(store, 'keyCount')
  const count: unknown = typeof keyCount === 'function' ? Reflect.apply(keyCount, store, []) : null
  return typeof count === 'number' ? count : null
}
