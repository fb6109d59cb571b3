/**
 * The registered caches, in the order of their registration.
 *
 * Rule: a name stands for one cache at a time; registering and unregistering are allowed at any moment, also from
 * inside a release, and change nothing about a run under way but that an unregistered cache is not released any more.
 */
import type { AttributedBytes } from '../report/types.js'
import type { KnownCache } from '../twin/discover/known-cache.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { nearestName, text } from '../support/options.js'
import { cachesBehind, checkReleasable, noteRegistered, resolveTraits, traitsBeside } from './releasable.js'
import type { RegistrationOptions, Releasable, Traits } from './releasable.js'

/** Longest name of a cache, in UTF-16 units. */
const NAME_LENGTH_MAX = 200

/** The findings of the last run about a cache. */
export interface LastMeasured extends AttributedBytes {
  readonly uncertaintyBytes: number | null
  readonly reportId: string
  /** ISO 8601. */
  readonly measuredAt: string
}

/** By how much resident memory fell when a twin released a cache. */
interface LastReturned {
  readonly residentBytes: number
  /** Live bytes that the same release gave back: more than its noise. */
  readonly measuredBytes: number
}

/** A registered cache. */
export interface RegisteredCache {
  readonly name: string
  readonly releasable: Releasable
  readonly traits: Traits
  /** Whether its last release went on in later turns: such a cache gets levels of its own before the next release. */
  wasAsynchronous: boolean
  lastMeasured: LastMeasured | null
  /** Of the last twin that could tell; null before. */
  lastReturned: LastReturned | null
  /** Whether it counted an entry, or claimed a byte, at any time it was asked. */
  hadEntries: boolean
  /** Event loop's work until its registration, in milliseconds; null where that is not known. */
  readonly registeredActiveMs: number | null
}

/** A handle on a registration. */
export interface Registration extends Disposable {
  readonly name: string
  /** Takes the cache out; false where it was out already. Names are free again afterwards. */
  unregister(): boolean
}

/** A registered cache as plain data. */
export interface CacheDescription {
  readonly name: string
  readonly refillCost: 'low' | 'medium' | 'high'
  readonly lossless: boolean
  /** Whether it may be released in a twin. */
  readonly twin: boolean
  /** Whether it may be released in the live process. */
  readonly live: boolean
  /** Whether a part of it can be dropped. */
  readonly trim: boolean
}

/** The facts about a cache that need no call to it. */
export function describeCache({ name, releasable, traits }: RegisteredCache): CacheDescription {
  const { refillCost, lossless, twin, live } = traits
  return { name, refillCost, lossless, twin, live, trim: releasable.trim !== undefined }
}

/** Members of a releasable that may be called. */
const FUNCTIONS = ['release', 'trim', 'entries', 'claimedBytes'] as const

/** A registered cache as discover() knows it, with everything that shows which collections are its. */
export function knownCache({ name, releasable }: RegisteredCache): KnownCache {
  const functions: unknown[] = FUNCTIONS.map((member) => Reflect.get(releasable, member))
  return {
    name,
    objects: [releasable],
    adapted: cachesBehind(releasable),
    functions: functions.filter((each): each is () => unknown => typeof each === 'function'),
  }
}

/** Names of one object that a message lists; of more it gives the number. */
const ALIASES_NAMED = 8

const checkName = text(NAME_LENGTH_MAX)

/** The caches of one coordinator. */
export class Registry {
  readonly #caches = new Map<string, RegisteredCache>()
  /** Under which names each object is registered, for the aliasing warning. */
  readonly #names = new Map<object, Set<string>>()
  readonly #activeMs: () => number | null
  readonly #beforeReading: () => void

  /**
   * @param activeMs for how long the event loop has worked; null where that is not known
   * @param beforeReading may register caches whose registration has waited until somebody asks
   */
  constructor(activeMs: () => number | null = () => null, beforeReading: () => void = () => undefined) {
    this.#activeMs = activeMs
    this.#beforeReading = beforeReading
  }

  /** `onAlias` gets the names of an object that is registered already under others: the first few, the last, and how many there are. */
  add(
    name: string,
    releasable: Releasable,
    options: RegistrationOptions | undefined,
    onAlias: (names: readonly string[], count: number) => void,
  ): Registration {
    checkName(name, 'name')
    checkReleasable(name, releasable)
    const traits = resolveTraits(options, releasable.traits, traitsBeside(name, releasable))
    if (this.#caches.has(name)) {
      throw new CacheAttributionError(
        'ERR_CACHE_DUPLICATE',
        `a cache named ${describe(name)} is registered already: unregister it first, or choose another name`,
      )
    }
    const cache: RegisteredCache = {
      name,
      releasable,
      traits,
      wasAsynchronous: false,
      lastMeasured: null,
      lastReturned: null,
      hadEntries: false,
      registeredActiveMs: this.#activeMs(),
    }
    this.#caches.set(name, cache)
    noteRegistered(releasable, 1)
    const aliases = this.#names.get(releasable)
    if (aliases === undefined) this.#names.set(releasable, new Set([name]))
    else {
      const earlier = firstOf(aliases, ALIASES_NAMED - 1)
      aliases.add(name)
      onAlias([...earlier, name], aliases.size)
    }
    const unregister = (): boolean => this.#remove(cache)
    return { name, unregister, [Symbol.dispose]: () => void unregister() }
  }

  all(): RegisteredCache[] {
    this.#beforeReading()
    return [...this.#caches.values()]
  }

  has(cache: RegisteredCache): boolean {
    return this.#caches.get(cache.name) === cache
  }

  /** Refuses a name that is not registered: `ERR_CACHE_UNKNOWN`. */
  check(name: string): void {
    this.#beforeReading()
    if (this.#caches.has(name)) return
    const nearest = nearestName(name, [...this.#caches.keys()].slice(0, 1000))
    const hint = nearest === undefined ? `${String(this.#caches.size)} are` : `did you mean ${describe(nearest)}?`
    throw new CacheAttributionError('ERR_CACHE_UNKNOWN', `no cache named ${describe(name)} is registered: ${hint}`)
  }

  /** Groups of names that share one object: the first few of each, and how many there are. */
  aliases(): { readonly names: readonly string[]; readonly count: number }[] {
    return [...this.#names.values()]
      .filter(({ size }) => size > 1)
      .map((names) => ({ names: firstOf(names, ALIASES_NAMED), count: names.size }))
  }

  clear(): void {
    for (const { releasable } of this.#caches.values()) noteRegistered(releasable, -1)
    this.#caches.clear()
    this.#names.clear()
  }

  #remove(cache: RegisteredCache): boolean {
    if (!this.has(cache)) return false
    this.#caches.delete(cache.name)
    noteRegistered(cache.releasable, -1)
    const names = this.#names.get(cache.releasable)
    names?.delete(cache.name)
    if (names?.size === 0) this.#names.delete(cache.releasable)
    return true
  }
}

/** The cost of registering one more name must not depend on how many there are. */
function firstOf(names: Iterable<string>, count: number): string[] {
  const first: string[] = []
  for (const name of names) {
    if (first.length === count) break
    first.push(name)
  }
  return first
}
