/** What a module hands to the coordinator: a cache that can be released, and what is to be known about it. */
import type { GcMode } from '../measure/settle.js'
import type { AttributionMode } from '../report/types.js'
import { CoordinatorError, describe } from '../support/errors.js'
import { boolean, oneOf, optional, resolveOptions } from '../support/options.js'

/** What a release is told. */
export interface ReleaseContext {
  readonly mode: AttributionMode
  /** Aborted when the deadline passes or the run is aborted: an asynchronous release should stop then. */
  readonly signal: AbortSignal
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
  /** Entries held now; cheap. */
  entries?(): number
  /** Bytes the cache believes it holds; cheap. */
  claimedBytes?(): number
}

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

/** Checks the options of `register()`. */
export function resolveTraits(options: RegistrationOptions | undefined): Traits {
  return resolveOptions<Traits>('register()', options, {
    refillCost: { check: oneOf('low', 'medium', 'high'), fallback: 'medium' },
    lossless: { check: boolean, fallback: true },
    gc: optional(oneOf('forced', 'natural', 'none')),
    twin: { check: boolean, fallback: true },
  })
}

/** Refuses what is no {@link Releasable}: `ERR_OPTION_TYPE`. */
export function checkReleasable(name: string, value: unknown): asserts value is Releasable {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw new CoordinatorError(
      'ERR_OPTION_TYPE',
      `the cache ${describe(name)} must be an object with a release() method, got ${describe(value)}`,
    )
  }
  for (const method of ['release', 'entries', 'claimedBytes'] as const) {
    const given = (value as Record<string, unknown>)[method]
    if (typeof given !== 'function' && (given !== undefined || method === 'release')) {
      throw new CoordinatorError(
        'ERR_OPTION_TYPE',
        `${method} of the cache ${describe(name)} must be a function, got ${describe(given)}`,
      )
    }
  }
}
