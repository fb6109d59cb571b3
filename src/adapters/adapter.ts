/**
 * The shape of an adapter: how a library's cache is known by its shape, how it is released, and what a reader of
 * docs/reference/adapters.md should know about it.
 *
 * Rule: an adapter is structural. It imports no cache library, names no class, and touches nothing of a cache until it is
 * asked to release it.
 */
import { adaptedFrom } from '../coordinator/releasable.js'
import type { Releasable, ReleasableTraits } from '../coordinator/releasable.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { isObject } from '../support/is-object.js'

/** One row of docs/reference/adapters.md. Texts are Markdown. */
export interface AdapterInfo {
  /** Name of the package; of the class for what JavaScript has itself. */
  readonly library: string
  /** Major version that the conformance suite runs against; null for what JavaScript has itself. */
  readonly version: string | null
  /** The oldest version that the suite runs against, where that is another. */
  readonly oldest?: string
  /** The exported function. */
  readonly name: string
  /** By which members `fromCache()` knows it; null where nothing of it shows that. */
  readonly shape: string | null
  readonly releases: string
  /** How a part is dropped; null where it cannot be. */
  readonly trims: string | null
  readonly entries: string | null
  readonly claimed: string | null
  readonly traits: ReleasableTraits
  readonly traps: readonly string[]
}

/** How the caches of one library are released. */
export interface Adapter<Shape extends object> {
  readonly info: AdapterInfo
  /** Whether it looks like one; never throws. */
  matches(value: object): value is Shape
  /** Makes the releasable; may refuse with `ERR_ADAPTER_REFUSED`. */
  adapt(cache: Shape): Releasable
}

/** An adapter of whatever shape. */
export type AnyAdapter = Adapter<object>

/** The releasable made of each cache: the same cache gives the same one, so that registering it twice is noticed. */
const made = new WeakMap<object, { readonly adapter: object; readonly releasable: Releasable }>()

/** Makes a releasable of `cache`, or refuses what is no such cache. */
export function adaptWith<Shape extends object>(adapter: Adapter<Shape>, cache: unknown): Releasable {
  if (!isObject(cache) || !adapter.matches(cache)) {
    throw new CacheAttributionError(
      'ERR_ADAPTER_UNKNOWN',
      `${adapter.info.name}() takes ${adapter.info.library} (${adapter.info.shape ?? 'by its clear function'}), got ${describe(cache)}`,
    )
  }
  const known = made.get(cache)
  if (known?.adapter === adapter) return known.releasable
  const releasable: Releasable = adaptedFrom({ traits: adapter.info.traits, ...adapter.adapt(cache) }, cache)
  made.set(cache, { adapter, releasable })
  return releasable
}

/** The refusal of a cache whose release would touch more than memory. */
export function refused(what: string, why: string): CacheAttributionError {
  return new CacheAttributionError('ERR_ADAPTER_REFUSED', `${what}: ${why}`)
}
