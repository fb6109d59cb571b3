/**
 * The coordinators of this process, of every copy of this package that is loaded: discover() asks all of them which caches are
 * registered.
 *
 * Rule: none is kept alive by this, and nothing is left of it when the last one is closed.
 */
import type { KnownCache } from './known-cache.js'

/** The part of a Coordinator that discover() needs. */
export interface CachesOfCoordinator {
  /** The registered caches, with the releases that empty them. */
  knownCaches(): readonly KnownCache[]
}

type Holder = Partial<Record<typeof KEY, Set<WeakRef<CachesOfCoordinator>> | undefined>>

const KEY = Symbol.for('cache-attribution.coordinators')

/** Those that are not closed. */
export const openCoordinators = {
  add(coordinator: CachesOfCoordinator): void {
    references().add(new WeakRef(coordinator))
  },

  delete(coordinator: CachesOfCoordinator): void {
    const set = references()
    for (const reference of set) {
      const other = reference.deref()
      if (other === undefined || other === coordinator) set.delete(reference)
    }
    if (set.size === 0) Reflect.deleteProperty(globalThis, KEY)
  },

  all(): CachesOfCoordinator[] {
    return [...((globalThis as Holder)[KEY] ?? [])].flatMap((reference) => reference.deref() ?? [])
  },
}

function references(): Set<WeakRef<CachesOfCoordinator>> {
  const holder = globalThis as Holder
  const known = holder[KEY]
  if (known !== undefined) return known
  const made = new Set<WeakRef<CachesOfCoordinator>>()
  Object.defineProperty(globalThis, KEY, { value: made, configurable: true, enumerable: false })
  return made
}
