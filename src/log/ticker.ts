/**
 * Calls back when a schedule is due, one tick at a time.
 *
 * Rule: waits are cut into pieces, so that a clock that was set, or a machine that slept, is noticed within one of them; the timer
 * never holds the process.
 */
import type { LogEnvironment } from './environment.js'
import type { Timing } from './schedule.js'

/** The context of a tick. */
export interface Due {
  /** How long after its moment it comes. */
  readonly lateMs: number
  /** Ticks that were missed before it. */
  readonly ticksMissed: number
}

/** The longest one timer waits; Node's own end at 2^31 − 1. */
const PIECE_MAX_MS = 60_000

/** Ticks until it is stopped. `work` is awaited before the next tick is set: none overlaps. */
export class Ticker {
  readonly #timing: Timing
  readonly #environment: LogEnvironment
  readonly #work: (due: Due) => Promise<void>
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(timing: Timing, environment: LogEnvironment, work: (due: Due) => Promise<void>) {
    this.#timing = timing
    this.#environment = environment
    this.#work = work
    this.#setNext()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #setNext(): void {
    const { inMs, ticksMissed } = this.#timing.next()
    this.#wait(inMs, ticksMissed)
  }

  #wait(inMs: number, ticksMissed: number): void {
    const pieceMs = Math.min(inMs, PIECE_MAX_MS)
    const dueMs = this.#environment.now() + pieceMs
    this.#cancel = this.#environment.after(pieceMs, () => {
      if (this.#isStopped) return
      const lateMs = Math.max(0, this.#environment.now() - dueMs)
      if (pieceMs >= inMs) {
        void this.#tick({ lateMs, ticksMissed })
        return
      }
      // By the wall clock the moment may have moved, in either direction: it is asked again.
      const left = this.#timing.remaining(inMs - pieceMs - lateMs)
      this.#wait(Math.max(1, left), ticksMissed)
    })
  }

  async #tick(due: Due): Promise<void> {
    await this.#work(due)
    if (!this.#isStopped) this.#setNext()
  }
}
