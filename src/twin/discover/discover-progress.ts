/** How far a discovery is, as its twin reports it. */
import type { Discovery } from '../../report/discovery/types.js'
import { formatBytes, formatMs } from '../../support/units.js'
import type { ExpectedCost } from './discover-budget.js'

/**
 * `preparing` waits for the process to be quiescent, forks and collects; `walking` goes through the heap; `measuring` empties owners
 * one after the other.
 */
export type DiscoverStage = 'preparing' | 'walking' | 'measuring'

/** How far a discovery is; plain JSON. */
export interface DiscoverProgress {
  readonly stage: DiscoverStage
  /** While measuring: owners that were emptied. */
  readonly done: number
  /** While measuring: owners that will be, as far as the budget reaches. */
  readonly of: number
  /** From the call on. */
  readonly elapsedMs: number
  /** The cost that was expected before anything was done. */
  readonly expected: ExpectedCost
}

/** The same in words. */
export function describeProgress({ stage, done, of, expected }: DiscoverProgress): string {
  switch (stage) {
    case 'preparing': {
      const { memoryBytes, pauseMs } = expected
      const pause = pauseMs === null ? '' : `, and may pause it for ${formatMs(pauseMs)}`
      return `making a copy of the process, which may need up to ${formatBytes(memoryBytes)} of its own${pause}`
    }
    case 'walking':
      return 'walking the heap for its owners in a copy of the process'
    case 'measuring':
      // Before the first owner, windows in which nothing is emptied.
      if (of === 0) return 'measuring the noise in a copy of the process'
      return `emptying owner ${String(Math.min(done + 1, of))} of ${String(of)} in a copy of the process`
  }
}

/** The messages of a discovery's twin. */
export type DiscoverMessage =
  | { readonly kind: 'progress'; readonly stage: DiscoverStage; readonly done: number; readonly of: number }
  | { readonly kind: 'walked'; readonly early: Discovery }
  /** V8's own snapshot is taken, for so long at the most; `early` is the result where it takes longer. */
  | { readonly kind: 'snapshot'; readonly mostMs: number; readonly early: Discovery }

/** A discovery from its parent's side: what its twins have told. */
export class DiscoverWatch {
  readonly #tell: ((progress: DiscoverProgress) => void) | undefined
  readonly #expected: ExpectedCost
  readonly #now: () => number
  readonly #startMs: number
  #stage: DiscoverStage = 'preparing'
  /** The facts when the heap had been walked. */
  early: Discovery | undefined
  /** Why the heap is not walked again: a walk ended a twin. */
  noWalk: string | null = null

  constructor(tell: ((progress: DiscoverProgress) => void) | undefined, expected: ExpectedCost, now: () => number) {
    this.#tell = tell
    this.#expected = expected
    this.#now = now
    this.#startMs = now()
    this.take({ kind: 'progress', stage: 'preparing', done: 0, of: 0 })
  }

  take(message: DiscoverMessage): void {
    if (message.kind !== 'progress') {
      this.early = message.early
      return
    }
    const { stage, done, of } = message
    this.#stage = stage
    try {
      this.#tell?.({ stage, done, of, elapsedMs: this.#now() - this.#startMs, expected: this.#expected })
    } catch {
      // An error that a listener throws is no matter of the discovery.
    }
  }

  /** A twin has ended without a result: one that was walking is followed by one that does not. */
  noteFailure(reason: string): void {
    if (this.#stage === 'walking' && this.noWalk === null) this.noWalk = `a walk ended a twin (${reason})`
    this.#stage = 'preparing'
  }
}
