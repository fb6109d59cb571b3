/**
 * A grant that is renewed until it is released.
 *
 * Rule: it counts as held for its term from the moment at which the last renewal was asked for, by this process's monotonic clock: never
 * longer than the store counts it. A renewal that ends later counts for nothing, since another may hold it by then.
 */
import { ownTimers } from '../../support/own-timers.js'
import type { LeaseGrant } from '../../support/lease.js'
import { inTime } from './in-time.js'

/** The store's side of one grant. Both reject where it cannot be asked. */
export interface GrantStore {
  /** Has it for another term from now; false where it has it no more. */
  renew(): Promise<boolean>
  /** Gives it up; whether it had it until then. */
  release(): Promise<boolean>
}

/** One grant. */
export interface GrantFacts {
  readonly token: number
  readonly termMs: number
  /** When it was asked for, by the monotonic clock. */
  readonly askedMs: number
  readonly store: GrantStore
}

/** A third of a term is left for two more tries. */
const RENEWALS_A_TERM = 3
const TRIES_A_TERM = 10

/** Renews itself; its timers hold no process. */
export class RenewedGrant implements LeaseGrant {
  readonly token: number
  readonly #termMs: number
  readonly #store: GrantStore
  readonly #lost = new AbortController()
  #untilMs: number
  #timer: NodeJS.Timeout | undefined
  #released: Promise<boolean> | undefined

  constructor({ token, termMs, askedMs, store }: GrantFacts) {
    this.token = token
    this.#termMs = termMs
    this.#store = store
    this.#untilMs = askedMs + termMs
    this.#renewIn(termMs / RENEWALS_A_TERM)
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  release(): Promise<boolean> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<boolean> {
    ownTimers.clearTimeout(this.#timer)
    this.#isInTerm()
    const isHeld = !this.signal.aborted
    try {
      const wasHeld = await inTime(this.#termMs / RENEWALS_A_TERM, this.#store.release())
      return isHeld && wasHeld
    } catch {
      // It ends by itself with its term.
      return isHeld && this.#isInTerm()
    }
  }

  #renewIn(ms: number): void {
    const leftMs = this.#untilMs - ownTimers.now()
    this.#timer = ownTimers.setTimeout(
      () => {
        void this.#renew()
      },
      Math.max(0, Math.min(ms, leftMs)),
    )
    this.#timer.unref()
  }

  async #renew(): Promise<void> {
    if (!this.#isInTerm()) return
    const askedMs = ownTimers.now()
    let isRenewed: boolean | null
    try {
      isRenewed = await inTime(Math.min(this.#untilMs - askedMs, this.#termMs / RENEWALS_A_TERM), this.#store.renew())
    } catch {
      isRenewed = null
    }
    if (this.#released !== undefined || !this.#isInTerm()) return
    if (isRenewed === false) {
      this.#lose()
      return
    }
    if (isRenewed === true) this.#untilMs = askedMs + this.#termMs
    this.#renewIn(this.#termMs / (isRenewed === true ? RENEWALS_A_TERM : TRIES_A_TERM))
  }

  /** A process that was stopped for longer finds its term over here. */
  #isInTerm(): boolean {
    if (ownTimers.now() < this.#untilMs) return !this.signal.aborted
    this.#lose()
    return false
  }

  #lose(): void {
    ownTimers.clearTimeout(this.#timer)
    this.#lost.abort()
  }
}
