/**
 * How many instances of a class are followed: finding the place of one takes V8 microseconds, and a weak reference keeps it until
 * the next major collection.
 *
 * Rule: caches that stay are all followed, as far as a program makes them at a sane rate; of a class whose instances end soon, such as
 * loaders of requests, a few.
 */
import type { Swept } from './cache-group.js'

/** So many are followed at once, and so many more in a second. */
const AT_ONCE = 1280
const PER_SECOND = 200
/** The same of a class most of whose instances have ended. */
const SHORT_LIVED_AT_ONCE = 16
const SHORT_LIVED_PER_SECOND = 5

/** Fewer tell nothing of a class. */
const LEARNS_FROM = 32

/** Of one class. */
export class FollowBudget {
  readonly #now: () => number
  #left = AT_ONCE
  #refilledMs: number
  #isShortLived = false

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#refilledMs = now()
  }

  /** Whether one more is followed. */
  take(): boolean {
    if (this.#left < 1) {
      this.#refill()
      if (this.#left < 1) return false
    }
    this.#left--
    return true
  }

  /** Learns how many of those that were followed live. */
  note({ followed, alive }: Pick<Swept, 'followed' | 'alive'>): void {
    if (followed < LEARNS_FROM) return
    this.#isShortLived = 2 * alive < followed
    if (this.#isShortLived) this.#left = Math.min(this.#left, SHORT_LIVED_AT_ONCE)
  }

  #refill(): void {
    const nowMs = this.#now()
    const [atOnce, perSecond] = this.#isShortLived
      ? [SHORT_LIVED_AT_ONCE, SHORT_LIVED_PER_SECOND]
      : [AT_ONCE, PER_SECOND]
    this.#left = Math.min(atOnce, this.#left + ((nowMs - this.#refilledMs) / 1000) * perSecond)
    this.#refilledMs = nowMs
  }
}
