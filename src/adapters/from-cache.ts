/** Recognises a cache by its shape. */
import type { Releasable } from '../coordinator/releasable.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { isObject } from '../support/is-object.js'
import { adaptWith, refused } from './adapter.js'
import type { AnyAdapter } from './adapter.js'
import { LAST, SPECIFIC } from './catalogue.js'
import { REFUSALS } from './refusals.js'
import { nearestWay } from './nearest-way.js'
import { readMember } from './shape.js'

/** A shape that has this has any. */
const NO_SUCH_MEMBER = 'cache-attribution: no cache has a member of this name'

/** Which adapter knew a cache: `auto` asks for the thousand caches of one place at every count. */
const recognisedBefore = new WeakMap<object, AnyAdapter>()

/**
 * Makes a cache of a known library releasable. It is known by its shape, never by its class; nothing of it is called or
 * wrapped before a run releases it. The same cache gives the same releasable. docs/reference/adapters.md lists what is known, and
 * what of each is released.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN` for what is not recognised; `ERR_ADAPTER_REFUSED` where a release would
 *   touch data or a store that others share
 * @example
 * coordinator.register('users', fromCache(new LRUCache({ max: 10_000 })))
 */
export function fromCache(cache: object): Releasable {
  return recognised(cache) ?? clearable(cache)
}

/**
 * The same for what an adapter of a library knows by its shape; undefined of anything else, whatever `clear()` it has.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_REFUSED`; `ERR_ADAPTER_UNKNOWN` for what is no object
 */
export function recognised(cache: object): Releasable | undefined {
  const given: unknown = cache
  if (!isObject(given)) throw unknown(given, 'a cache is an object or a function')
  if (readMember(given, NO_SUCH_MEMBER) !== undefined)
    throw unknown(given, 'it answers to every name, as a remote call does')
  const before = recognisedBefore.get(given)
  const adapter = before?.matches(given) === true ? before : SPECIFIC.find((each) => each.matches(given))
  if (adapter !== undefined) {
    recognisedBefore.set(given, adapter)
    return adaptWith(adapter, given)
  }
  const refusal = REFUSALS.find((each) => each.matches(given))
  if (refusal !== undefined) throw refused(refusal.what.replaceAll('`', ''), refusal.why)
  return undefined
}

function clearable(given: object): Releasable {
  if (LAST.matches(given)) return adaptWith(LAST, given)
  throw unknown(given, nearestWay(given, SPECIFIC))
}

function unknown(given: unknown, hint: string): CacheAttributionError {
  return new CacheAttributionError('ERR_ADAPTER_UNKNOWN', `${describe(given)} is not recognised: ${hint}`)
}
