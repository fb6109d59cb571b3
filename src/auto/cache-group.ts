/**
 * The caches of one class that were created at one place, as one releasable.
 *
 * Rule: none is kept alive by this. What must not be emptied, what somebody registered by itself, and what another cache is built
 * on is left out, at every call anew.
 */
import { recognised } from '../adapters/from-cache.js'
import { isRegistered, standingFor } from '../coordinator/releasable.js'
import type { Releasable, ReleasableTraits, ReleaseContext, TrimContext } from '../coordinator/releasable.js'
import { isThenable } from '../support/is-thenable.js'

/** References are swept when there are twice as many as lived at the last time or a collection has run, and so many at least. */
const SWEEP_MIN = 64

/** How many were followed, and how many of them live. */
export interface Swept {
  readonly followed: number
  readonly alive: number
  /** The same of those that were there before the last major collection; null where there was none between two sweeps. */
  readonly lasted: { readonly followed: number; readonly alive: number } | null
  /** One that lives. */
  readonly one: object | undefined
}

/** Makes a cache releasable; undefined where the cache must not be emptied. */
export type AsReleasable = (cache: object) => Releasable | undefined

/** By the adapter that knows the shape. */
export const byShape: AsReleasable = (cache) => {
  try {
    return recognised(cache)
  } catch {
    return undefined
  }
}

/** The caches of one place. */
export class CacheGroup {
  readonly #asReleasable: AsReleasable
  readonly #isPart: (cache: object) => boolean
  #references: WeakRef<object>[] = []
  #sweepAt = SWEEP_MIN
  /** So many of the references, the first, are older than the canary. */
  #older = 0
  /** Nothing else holds it: a major collection, and nothing but that, clears it. */
  #canary: WeakRef<object> | null = null

  constructor(asReleasable: AsReleasable, isPart: (cache: object) => boolean) {
    this.#asReleasable = asReleasable
    this.#isPart = isPart
  }

  /** @returns what was found of those before, where they were looked through */
  add(cache: object): Swept | null {
    const count = this.#references.length
    const swept = count >= this.#sweepAt || (count >= SWEEP_MIN && this.#wasCollected()) ? this.sweep() : null
    this.#references.push(new WeakRef(cache))
    return swept
  }

  /** Drops the references to what was collected. */
  sweep(): Swept {
    const followed = this.#references.length
    const older = this.#older
    let olderAlive = 0
    this.#references = this.#references.filter((reference, index) => {
      if (reference.deref() === undefined) return false
      if (index < older) olderAlive++
      return true
    })
    const alive = this.#references.length
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * alive)
    const wasCollected = this.#wasCollected()
    const lasted = wasCollected ? { followed: older, alive: olderAlive } : null
    this.#older = olderAlive
    if (wasCollected || this.#canary === null) {
      this.#older = alive
      this.#canary = new WeakRef({})
    }
    return { followed, alive, lasted, one: this.#references[0]?.deref() }
  }

  /** Whether a major collection has run since the canary was made. */
  #wasCollected(): boolean {
    return this.#canary !== null && this.#canary.deref() === undefined
  }

  /** Those that live and are this group's to empty. */
  caches(): object[] {
    return this.#references.flatMap((reference) => {
      const cache = reference.deref()
      return cache === undefined || isRegistered(cache) || this.#isPart(cache) ? [] : [cache]
    })
  }

  /** The releasables of those. */
  releasables(): Releasable[] {
    return this.caches().flatMap((cache) => this.#asReleasable(cache) ?? [])
  }

  /** All of them as one; undefined if there is none. `onEmpty` is called when the last one is gone. */
  releasable(traits: (first: ReleasableTraits) => ReleasableTraits, onEmpty: () => void): Releasable | undefined {
    const first = this.releasables()[0]
    if (first === undefined) return undefined
    const { trimChoices } = first
    const whole: Releasable = {
      traits: traits(first.traits ?? {}),
      instances: () => this.releasables().length,
      release: (context) => releaseAll(this.releasables(), context),
      entries: () => {
        const all = this.releasables()
        if (all.length === 0) onEmpty()
        return sum(all, 'entries')
      },
      claimedBytes: () => sum(this.releasables(), 'claimedBytes'),
      told: () => told(this.releasables()),
    }
    const parted: Releasable =
      first.trim === undefined || trimChoices === undefined
        ? whole
        : { ...whole, trimChoices, trim: (fraction, context) => trimAll(this.releasables(), fraction, context) }
    return standingFor(parted, () => this.caches())
  }
}

/** Every one is released, whatever another one throws. */
function releaseAll(all: readonly Releasable[], context: ReleaseContext): unknown {
  return eachOf(all, (one) => one.release(context))
}

function trimAll(all: readonly Releasable[], fraction: number, context: TrimContext): unknown {
  return eachOf(all, (one) => {
    const { trimChoices = [] } = one
    const choice = trimChoices.includes(context.choice) ? context.choice : (trimChoices[0] ?? context.choice)
    return one.trim?.(fraction, { ...context, choice })
  })
}

function eachOf(all: readonly Releasable[], action: (one: Releasable) => unknown): unknown {
  const pending: unknown[] = []
  const errors: unknown[] = []
  for (const one of all) {
    try {
      const result = action(one)
      if (isThenable(result)) pending.push(result)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) {
    for (const promise of pending) void Promise.resolve(promise).catch(() => undefined)
    throw errors[0]
  }
  return pending.length === 0 ? undefined : Promise.all(pending)
}

/** Null where one does not know. */
function sum(all: readonly Releasable[], method: 'entries' | 'claimedBytes'): number | null {
  let total = 0
  for (const one of all) {
    const part = one[method]?.() ?? null
    if (part === null) return null
    total += part
  }
  return total
}

function told(all: readonly Releasable[]): ReturnType<NonNullable<Releasable['told']>> {
  const parts = all.flatMap((one) => one.told?.() ?? [])
  const [first] = parts
  if (first === undefined) return null
  return { bytes: parts.reduce((total, { bytes }) => total + bytes, 0), source: first.source }
}
