/** The contract of a module with the coordinator: a cache that can be released, and its traits. */
import type { GcMode } from '../measure/settle.js'
import type { AttributionMode, ToldBytes, TrimChoice } from '../report/types.js'
import type { ClaimBound } from '../report/values.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { boolean, nearestName, oneOf, optional, resolveOptions } from '../support/options.js'

export type { ToldBytes, TrimChoice } from '../report/types.js'

/** The context that a release gets. */
export interface ReleaseContext {
  readonly mode: AttributionMode
  /** Aborted when the deadline passes or the run is aborted: an asynchronous release should stop then. */
  readonly signal: AbortSignal
}

/** The context that a trim gets. */
export interface TrimContext extends ReleaseContext {
  /** One of the cache's {@link Releasable.trimChoices}. */
  readonly choice: TrimChoice
}

/**
 * A cache whose entries can be dropped and will be filled again by use.
 *
 * Methods are called with the object as `this`. None is on the cache's own hot path.
 *
 * @example
 * const thumbnails = new Map<string, Buffer>()
 * coordinator.register('thumbnails', { release: () => thumbnails.clear(), entries: () => thumbnails.size })
 */
export interface Releasable extends RegistrationOptions {
  /**
   * Drops every entry. Synchronous is best: it is measured to the byte. If it returns a promise, the release ends with
   * the promise. What it throws or rejects with costs its own row only.
   */
  release(context: ReleaseContext): unknown
  /**
   * Drops about this share of the present entries, more than 0 and at most 1. It is called several times in a run, for
   * parts of the share. Synchronous is best, as for `release`.
   */
  trim?(fraction: number, context: TrimContext): unknown
  /**
   * The choices that `trim` supports. Only entries dropped at random represent those that stay.
   * @default ['coldest']
   */
  readonly trimChoices?: readonly TrimChoice[]
  /**
   * How many caches this stands for, if it is several that were made at one place. A row shows it. Must be cheap; null
   * if unknown.
   */
  instances?(): number | null
  /** Present entries. Must be cheap; null if unknown. */
  entries?(): number | null
  /** Bytes that the cache says it holds. Must be cheap; null if unknown. */
  claimedBytes?(): number | null
  /** The cache's own bound, if it counts what its entries claim. Must be cheap; null if there is none. */
  bound?(): ClaimBound | null
  /**
   * The library's own count of memory that `release` does not reach, such as the data of a database in memory. A
   * report shows it as reported, not measured. Must be cheap; null if unknown.
   */
  told?(): ToldBytes | null
  /**
   * Traits that apply if neither the options of `register()` nor the traits beside `release` name them. Adapters set it.
   */
  readonly traits?: ReleasableTraits
}

/** Under this the adapters keep the library's cache in what they make; a copy by spread keeps it, and other copies of this package know it. */
const ADAPTED = Symbol.for('cache-attribution.adapted')

/** Notes which cache a releasable was made of, so that discover() knows it again. */
export function adaptedFrom<T extends Releasable>(releasable: T, cache: object): T {
  return Object.assign(releasable, { [ADAPTED]: cache })
}

/** The caches that a releasable was made of, as far as they are noted: one, or those that live now of several. */
export function cachesBehind(releasable: Releasable): readonly object[] {
  const { [ADAPTED]: one, [SEVERAL]: several } = releasable as {
    readonly [ADAPTED]?: object
    readonly [SEVERAL]?: () => readonly object[]
  }
  return [...(one === undefined ? [] : [one]), ...(several?.() ?? [])]
}

/** Under this a releasable that stands for several caches lists them. */
const SEVERAL = Symbol.for('cache-attribution.several')

/** Notes how the caches are listed that a releasable stands for. */
export function standingFor<T extends Releasable>(releasable: T, list: () => readonly object[]): T {
  return Object.assign(releasable, { [SEVERAL]: list })
}

/** Caches that somebody registered, over all copies of this package, and how often. */
const REGISTERED = Symbol.for('cache-attribution.registered')

/** Notes that a cache was registered by itself, or is not any more. */
export function noteRegistered(releasable: Releasable, change: 1 | -1): void {
  const { [ADAPTED]: cache } = releasable as { readonly [ADAPTED]?: object }
  if (cache === undefined) return
  const counts = registeredCaches()
  const count = (counts.get(cache) ?? 0) + change
  if (count > 0) counts.set(cache, count)
  else counts.delete(cache)
}

/** Whether somebody registered this cache by itself: what stands for several leaves it out then. */
export function isRegistered(cache: object): boolean {
  return registeredCaches().has(cache)
}

function registeredCaches(): WeakMap<object, number> {
  const holder = globalThis as unknown as Record<symbol, WeakMap<object, number> | undefined>
  const known = holder[REGISTERED]
  if (known !== undefined) return known
  const made = new WeakMap<object, number>()
  Object.defineProperty(globalThis, REGISTERED, { value: made, configurable: true, enumerable: false })
  return made
}

/** Traits that a {@link Releasable} brings along. */
export type ReleasableTraits = RegistrationOptions

/** Traits of a registered cache. */
export interface RegistrationOptions {
  /**
   * The cost of refilling the cache for the service. A run in the live process leaves out a costly one unless `only` names
   * it. `releaseUnderPressure()` weighs it: `'medium'` counts four times `'low'`, `'high'` sixteen times.
   * @default 'medium'
   */
  readonly refillCost?: 'low' | 'medium' | 'high' | undefined
  /**
   * False if releasing loses something that use does not bring back. A run in the live process leaves out such a cache
   * unless `only` names it.
   * @default true
   */
  readonly lossless?: boolean | undefined
  /**
   * How garbage is collected around this cache's release. `'none'` is for memory that the release itself frees (native
   * memory, a pool): its window needs no collection and pauses for a few milliseconds.
   * @default the coordinator's `gc`
   */
  readonly gc?: GcMode | undefined
  /**
   * Whether it may be released in a twin. False for memory in shared mappings, or a release that needs threads of a
   * native library: a twin has neither.
   * @default true
   */
  readonly twin?: boolean | undefined
  /**
   * Whether it may be released in this process. False leaves it to twins: runs that release or trim here skip it, even
   * if `only` names it.
   * @default true
   */
  readonly live?: boolean | undefined
}

/** The traits, complete. */
export interface Traits {
  readonly refillCost: 'low' | 'medium' | 'high'
  readonly lossless: boolean
  readonly gc: GcMode | undefined
  readonly twin: boolean
  readonly live: boolean
}

const TRAIT_NAMES = ['refillCost', 'lossless', 'gc', 'twin', 'live'] as const
/** Of these a misspelling would be passed over. Of a short name none is known: too many words are near it. */
const GUARDED_NAMES = ['refillCost', 'lossless', 'traits', 'trimChoices', 'claimedBytes']
const KNOWN_MEMBERS: ReadonlySet<string> = new Set([
  ...TRAIT_NAMES,
  ...GUARDED_NAMES,
  ...['release', 'trim', 'entries'],
])
const TRAITS = {
  refillCost: optional(oneOf('low', 'medium', 'high')),
  lossless: optional(boolean),
  gc: optional(oneOf('forced', 'natural', 'none')),
  twin: optional(boolean),
  live: optional(boolean),
}

/**
 * The traits of a registration: its options, or what stands beside `release()`; where both are silent, what an adapter brought.
 *
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`, the last also where the first two disagree
 */
export function resolveTraits(
  options: RegistrationOptions | undefined,
  own?: ReleasableTraits,
  beside: RegistrationOptions = {},
): Traits {
  const given = resolveOptions('register()', options, TRAITS)
  const brought = resolveOptions('traits', own, TRAITS)
  for (const trait of TRAIT_NAMES) {
    const [first, second] = [given[trait], beside[trait]]
    if (first === undefined || second === undefined || first === second) continue
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"${trait}" is ${describe(second)} beside release(), and ${describe(first)} in the options of register()`,
    )
  }
  return Object.freeze({
    refillCost: given.refillCost ?? beside.refillCost ?? brought.refillCost ?? 'medium',
    lossless: given.lossless ?? beside.lossless ?? brought.lossless ?? true,
    gc: given.gc ?? beside.gc ?? brought.gc,
    twin: given.twin ?? beside.twin ?? brought.twin ?? true,
    live: given.live ?? beside.live ?? brought.live ?? true,
  })
}

/**
 * The traits that stand in the object that has `release()`. Such an object may have members of its own: what they mean is not
 * known, unless one is a trait that was misspelt. A method, such as a `gc()` of its own, is no trait.
 */
export function traitsBeside(name: string, releasable: Releasable): RegistrationOptions {
  const members = releasable as unknown as Readonly<Record<string, unknown>>
  for (const member of Object.keys(members)) {
    if (KNOWN_MEMBERS.has(member) || typeof members[member] === 'function') continue
    const nearest = nearestName(member, GUARDED_NAMES)
    if (nearest === undefined || member.length <= nearest.length / 2) continue
    throw new CacheAttributionError(
      'ERR_OPTION_UNKNOWN',
      `the cache ${describe(name)} has no option ${describe(member)}: did you mean "${nearest}"?`,
    )
  }
  const entries = TRAIT_NAMES.map((trait) => [trait, members[trait]] as const)
  const given = Object.fromEntries(entries.filter(([, value]) => typeof value !== 'function'))
  return resolveOptions(`the cache ${describe(name)}`, given, TRAITS)
}

/** A Map, an instance of a library's class, a memoized function: no object that was written for `register()`. */
function isCacheItself(value: object): boolean {
  if (typeof value === 'function' || Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== null && Object.getPrototypeOf(prototype) !== null
}

const checkChoice = oneOf('coldest', 'random')

/** Refuses what is no {@link Releasable}: `ERR_OPTION_TYPE`. */
export function checkReleasable(name: string, value: unknown): asserts value is Releasable {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `the cache ${describe(name)} must be an object with a release() method, got ${describe(value)}`,
    )
  }
  for (const method of ['release', 'trim', 'instances', 'entries', 'claimedBytes', 'told', 'bound'] as const) {
    const given = (value as Record<string, unknown>)[method]
    if (method === 'release' && typeof given !== 'function' && isCacheItself(value)) {
      throw new CacheAttributionError(
        'ERR_OPTION_TYPE',
        `release of the cache ${describe(name)} must be a function, and ${describe(value)} has none: register fromCache(cache), of cache-attribution/adapters, which makes caches of some forty kinds releasable`,
      )
    }
    if (typeof given !== 'function' && (given !== undefined || method === 'release')) {
      throw new CacheAttributionError(
        'ERR_OPTION_TYPE',
        `${method} of the cache ${describe(name)} must be a function, got ${describe(given)}`,
      )
    }
  }
  const { trimChoices } = value as { trimChoices?: unknown }
  if (trimChoices === undefined) return
  if (!Array.isArray(trimChoices) || trimChoices.length === 0) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `trimChoices of the cache ${describe(name)} must be an array of 'coldest' and 'random', got ${describe(trimChoices)}`,
    )
  }
  for (const choice of trimChoices as unknown[]) checkChoice(choice, 'trimChoices')
}
