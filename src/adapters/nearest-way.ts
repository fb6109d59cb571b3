/**
 * Advice for an object that `fromCache()` does not know: the nearest way to have it measured.
 *
 * Rule: only what is seen is said, and no getter is called to see it.
 */
import { types } from 'node:util'
import type { AnyAdapter } from './adapter.js'
import { dataMember, hasMethods, ownObjects } from './shape.js'

/** Methods by which classes empty themselves; what else they do is not known. */
const EMPTYING =
  `clearAll clearCache clearStore reset resetCache flush flushAll purge purgeAll empty removeAll deleteAll invalidateAll
  evictAll dropAll prune`.split(/\s+/)

const REGISTER = 'register { release: () => … } instead'

/** The words of a refusal, given the adapters that know a cache by its shape. */
export function nearestWay(given: object, known: readonly AnyAdapter[]): string {
  if (types.isPromise(given)) return 'it is a promise: await it, and pass what it gives'
  if (types.isWeakMap(given) || types.isWeakSet(given)) {
    return 'its entries go with their keys: it needs no release, and holds nothing alive by itself'
  }
  const within = cachesWithin(given, known)
  if (within !== undefined) return within
  const method = EMPTYING.find((name) => hasMethods(given, name))
  if (method !== undefined) {
    return `it has ${method}(): if that empties memory of this process and nothing else, register { release: () => it.${method}() }`
  }
  if (typeof given === 'function') return wayOfFunction(given)
  if (types.isModuleNamespaceObject(given)) return 'it is a module: pass what it exports'
  return `it has the shape of no cache that is known, and no clear(): ${REGISTER}`
}

/** A cache that lies in one of its own members. */
function cachesWithin(given: object, known: readonly AnyAdapter[]): string | undefined {
  for (const [name, member] of ownObjects(given)) {
    const adapter = known.find((each) => each.matches(member))
    if (adapter === undefined || typeof name === 'symbol') continue
    return `its member "${String(name)}" is known (${adapter.info.library}): register fromCache() of that, if it is the cache`
  }
  return undefined
}

function wayOfFunction(given: object): string {
  if (/^class\b/.test(Function.prototype.toString.call(given)) && typeof dataMember(given, 'prototype') === 'object') {
    return 'it is a class: pass an instance of it'
  }
  return 'a function shows nothing of its cache; for one of p-memoize, memoize or mem there is fromPMemoize(memoized, clear) with the clear function of that package; for any other one register what it was given as its cache, or { release: () => … }'
}
