/**
 * How many instances of a class are followed: finding the place of one takes V8 microseconds, and a weak reference keeps it until
 * the next major collection.
 *
 * Rule: caches that stay are all followed, as far as a program makes them at a sane rate; of a class whose instances end soon, such as
 * loaders of requests, a few. That they live proves nothing before a major collection has run.
 */
import type { Swept } from './cache-group.js'

/** So many are followed at once, and so many more in a second. */
const AT_ONCE = 1280
const PER_SECOND = 200
/** The same of a class most of whose instances have ended. */
const SHORT_LIVED_AT_ONCE = 16
const SHORT_LIVED_PER_SECOND = 5

/** Of a class that is made for requests, before anything of it is known. */
const PER_REQUEST_AT_ONCE = 66

/** Fewer tell nothing of a class. */
const LEARNS_FROM = 32

interface FollowBudgetOptions {
  readonly isPerRequest?: boolean
  /** Milliseconds. @default since the start of the process */
  readonly now?: () => number
}

/** Not `performance.now()`: Node loads that with its first call, in the middle of somebody's request. */
function uptimeMs(): number {
  return process.uptime() * 1000
}

/** Of one class. */
export class FollowBudget {
  readonly #now: () => number
  #left: number
  #refilledMs: number
  #isShortLived: boolean

  /** `isPerRequest`: its instances are taken for short-lived until they have proved to stay. */
  constructor({ isPerRequest = false, now = uptimeMs }: FollowBudgetOptions = {}) {
    this.#now = now
    this.#refilledMs = now()
    this.#isShortLived = isPerRequest
    this.#left = isPerRequest ? PER_REQUEST_AT_ONCE : AT_ONCE
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
  note({ followed, alive, lasted }: Omit<Swept, 'one'>): void {
    if (followed >= LEARNS_FROM && 2 * alive < followed) {
      this.#isShortLived = true
      this.#left = Math.min(this.#left, SHORT_LIVED_AT_ONCE)
    } else if (lasted !== null && lasted.followed >= LEARNS_FROM && 2 * lasted.alive >= lasted.followed) {
      this.#isShortLived = false
    }
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
