/** What a module hands to the coordinator: a cache that can be released, and what is to be known about it. */
import type { GcMode } from '../measure/settle.js'
import type { AttributionMode, TrimChoice } from '../report/types.js'
import { CoordinatorError, describe } from '../support/errors.js'
import { boolean, oneOf, optional, resolveOptions } from '../support/options.js'

export type { TrimChoice } from '../report/types.js'

/** What a release is told. */
export interface ReleaseContext {
  readonly mode: AttributionMode
  /** Aborted when the deadline passes or the run is aborted: an asynchronous release should stop then. */
  readonly signal: AbortSignal
}

/** What a trim is told. */
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
export interface Releasable {
  /**
   * Drops every entry. Synchronous is best: it is measured to the byte. A returned promise ends the release.
   * What it throws or rejects with costs its own row only.
   */
  release(context: ReleaseContext): unknown
  /**
   * Drops about this share of the entries that it holds now, more than 0 and at most 1. Called several times in a run, for
   * parts of the share. Synchronous is best, as for `release`.
   */
  trim?(fraction: number, context: TrimContext): unknown
  /**
   * The choices that `trim` can make. Only entries dropped at random speak for those that stay.
   * @default ['coldest']
   */
  readonly trimChoices?: readonly TrimChoice[]
  /** Entries held now; cheap. Null where that is not known. */
  entries?(): number | null
  /** Bytes the cache believes it holds; cheap. Null where it does not know. */
  claimedBytes?(): number | null
  /** What `register()` takes where its own options are silent. Adapters set it. */
  readonly traits?: ReleasableTraits
}

/** Under this the adapters keep the library's cache in what they make; a copy by spread keeps it, and other copies of this package know it. */
const ADAPTED = Symbol.for('cache-attribution.adapted')

/** Notes which cache a releasable was made of, so that discover() knows it again. */
export function adaptedFrom<T extends Releasable>(releasable: T, cache: object): T {
  return Object.assign(releasable, { [ADAPTED]: cache })
}

/** The cache that a releasable was made of; undefined where none was noted. */
export function cacheBehind(releasable: Releasable): object | undefined {
  return (releasable as { readonly [ADAPTED]?: object })[ADAPTED]
}

/** Traits that a {@link Releasable} brings along. */
export type ReleasableTraits = RegistrationOptions

/** Traits of a registered cache. */
export interface RegistrationOptions {
  /**
   * What it costs the service to fill the cache again. A cache that is costly to refill is left out of a run unless
   * `only` names it.
   * @default 'medium'
   */
  readonly refillCost?: 'low' | 'medium' | 'high' | undefined
  /**
   * False where releasing loses something that use does not bring back; such a cache is left out of a run unless
   * `only` names it.
   * @default true
   */
  readonly lossless?: boolean | undefined
  /**
   * How garbage is dealt with around this cache's release. `'none'` for memory that is freed deterministically by the
   * release itself (native memory, a pool): its window then needs no collection and pauses for a few milliseconds.
   * @default the coordinator's `gc`
   */
  readonly gc?: GcMode | undefined
  /**
   * Whether it may be released in a twin. False for what keeps its memory in shared mappings, or whose release needs
   * threads of a native library: neither exists in a twin.
   * @default true
   */
  readonly twin?: boolean | undefined
}

/** The traits, complete. */
export interface Traits {
  readonly refillCost: 'low' | 'medium' | 'high'
  readonly lossless: boolean
  readonly gc: GcMode | undefined
  readonly twin: boolean
}

const TRAITS = {
  refillCost: optional(oneOf('low', 'medium', 'high')),
  lossless: optional(boolean),
  gc: optional(oneOf('forced', 'natural', 'none')),
  twin: optional(boolean),
}

/** Checks the options of `register()`; where they are silent, the cache's own traits hold. */
export function resolveTraits(options: RegistrationOptions | undefined, own?: ReleasableTraits): Traits {
  const given = resolveOptions('register()', options, TRAITS)
  const brought = resolveOptions('traits', own, TRAITS)
  return Object.freeze({
    refillCost: given.refillCost ?? brought.refillCost ?? 'medium',
    lossless: given.lossless ?? brought.lossless ?? true,
    gc: given.gc ?? brought.gc,
    twin: given.twin ?? brought.twin ?? true,
  })
}

const checkChoice = oneOf('coldest', 'random')

/** Refuses what is no {@link Releasable}: `ERR_OPTION_TYPE`. */
export function checkReleasable(name: string, value: unknown): asserts value is Releasable {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw new CoordinatorError(
      'ERR_OPTION_TYPE',
      `the cache ${describe(name)} must be an object with a release() method, got ${describe(value)}`,
    )
  }
  for (const method of ['release', 'trim', 'entries', 'claimedBytes'] as const) {
    const given = (value as Record<string, unknown>)[method]
    if (typeof given !== 'function' && (given !== undefined || method === 'release')) {
      throw new CoordinatorError(
        'ERR_OPTION_TYPE',
        `${method} of the cache ${describe(name)} must be a function, got ${describe(given)}`,
      )
    }
  }
  const { trimChoices } = value as { trimChoices?: unknown }
  if (trimChoices === undefined) return
  if (!Array.isArray(trimChoices) || trimChoices.length === 0) {
    throw new CoordinatorError(
      'ERR_OPTION_TYPE',
      `trimChoices of the cache ${describe(name)} must be an array of 'coldest' and 'random', got ${describe(trimChoices)}`,
    )
  }
  for (const choice of trimChoices as unknown[]) checkChoice(choice, 'trimChoices')
}
