/** unstorage: what its mounts hold in this process, never what they hold on disk or elsewhere. */
import type { Releasable } from '../coordinator/releasable.js'
import { isObject } from '../support/is-object.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { releasableBehind, releasableOver, storeInProcess } from './in-process.js'
import { dataMember, hasMethods } from './shape.js'
import { isNameOfState } from './state.js'

/** The part of a storage that is used. */
export interface UnstorageLike {
  /** Lists what is mounted at and below a base. */
  getMounts(
    base?: string,
    options?: { parents?: boolean },
  ): readonly { readonly base: string; readonly driver: object }[]
}

/** The part of a driver that is used. */
export interface UnstorageDriverLike {
  readonly name?: string | undefined
  /** The holder of its entries. */
  getInstance?(): unknown
}

export const unstorageAdapter: Adapter<UnstorageLike> = {
  info: {
    library: 'unstorage',
    version: '1',
    name: 'fromUnstorage',
    shape: '`getMounts`, `mount`, `getItem`, `setItem`, `removeItem`',
    releases: 'what its mounts in this process hold: the drivers `memory` and `lru-cache`',
    trims: "as of the drivers' Map or lru-cache",
    entries: "the sum of its drivers' `size`",
    claimed: "its drivers', where they know",
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: [
      'Mounts in files, in Redis and elsewhere are left alone. With no other it is refused.',
      'A storage may be data and no cache: register the driver that is one, or give `{ lossless: false }`. A mount whose name stands for state, such as `locks:`, makes it so by itself.',
      'A storage of `prefixStorage()` is refused, since its mounts are those of the whole storage: register the driver below it.',
    ],
  },
  matches: (value): value is UnstorageLike =>
    hasMethods(value, 'getMounts', 'mount', 'getItem', 'setItem', 'removeItem', 'getKeys'),
  adapt: (storage): Releasable => {
    // Only a part with a prefix has one function for both.
    if (dataMember(storage, 'keys') === dataMember(storage, 'getKeys')) {
      throw refused('this part of a storage', 'its mounts are those of the whole storage: register the driver below it')
    }
    const mounts = (): { base: string; memory: Releasable }[] => {
      const inProcess = storage.getMounts('', { parents: true }).flatMap(({ base, driver }) => {
        const memory = memoryOfDriver(driver)
        return memory === undefined ? [] : [{ base, memory }]
      })
      if (inProcess.length > 0) return inProcess
      throw refused('this storage', 'none of its mounts is known to be memory of this process')
    }
    const isState = mounts().some(({ base }) => isNameOfState(base))
    return {
      ...(isState ? { traits: { ...unstorageAdapter.info.traits, lossless: false } } : {}),
      ...releasableOver(() => mounts().map(({ memory }) => memory)),
    }
  },
}

/** A driver by itself. */
export const unstorageDriverAdapter: Adapter<UnstorageDriverLike> = {
  info: {
    library: 'unstorage (driver)',
    version: '1',
    name: 'fromUnstorageDriver',
    shape: '`getInstance`, `hasItem`, `getItem`, `getKeys`, no `mount`',
    releases: '`clear()` of the Map or the lru-cache that `getInstance()` gives',
    trims: 'as of that',
    entries: '`size` of that',
    claimed: 'as of that',
    traits: { lossless: true, refillCost: 'medium', twin: true },
    traps: ['Any other driver than `memory` and `lru-cache` is refused: it holds a connection, or files.'],
  },
  matches: (value): value is UnstorageDriverLike =>
    hasMethods(value, 'hasItem', 'getItem', 'getKeys') &&
    !hasMethods(value, 'mount') &&
    (hasMethods(value, 'getInstance') || typeof dataMember(value, 'name') === 'string'),
  adapt: (driver): Releasable =>
    releasableBehind(() => {
      const memory = memoryOfDriver(driver)
      if (memory !== undefined) return memory
      throw refused('this driver of unstorage', 'it is not known to hold its entries in memory of this process')
    }),
}

/** The drivers whose `getInstance()` only returns what they hold: others connect at the first call. */
const IN_PROCESS: readonly unknown[] = ['memory', 'lru-cache']

function memoryOfDriver(driver: unknown): Releasable | undefined {
  if (!isObject(driver) || !IN_PROCESS.includes(dataMember(driver, 'name'))) return undefined
  return storeInProcess((driver as UnstorageDriverLike).getInstance?.())
}

/**
 * A storage of the package unstorage: its mounts in this process.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` where no mount is memory of this process, and for what
 *   `prefixStorage()` gives
 * @example
 * coordinator.register('storage', fromUnstorage(createStorage()))
 */
export function fromUnstorage(storage: UnstorageLike): Releasable {
  return adaptWith(unstorageAdapter, storage)
}

/**
 * A driver of unstorage: `memory` or `lru-cache`.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`; `ERR_ADAPTER_REFUSED` for any other driver
 * @example
 * const driver = memoryDriver()
 * const storage = createStorage({ driver })
 * coordinator.register('storage', fromUnstorageDriver(driver))
 */
export function fromUnstorageDriver(driver: UnstorageDriverLike): Releasable {
  return adaptWith(unstorageDriverAdapter, driver)
}
