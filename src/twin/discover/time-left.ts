/** Whether a step still fits into the time that is left. */
import type { Environment } from '../../support/environment.js'

/**
 * Rule: once a step did not fit none fits any more. An owner that was left out is held by this library all the same, so what
 * is emptied around it later would not come back.
 */
export class TimeLeft {
  readonly #clock: Pick<Environment, 'now'>
  readonly #endsAtMs: number
  #longestMs = 0
  #isOver = false
  #refused = 0

  /** @param endsAtMs on that clock */
  constructor(clock: Pick<Environment, 'now'>, endsAtMs: number) {
    this.#clock = clock
    this.#endsAtMs = endsAtMs
  }

  /** How many steps did not fit. */
  get refused(): number {
    return this.#refused
  }

  /** @param stepMs how long it takes; by default as long as the longest so far */
  suffices(stepMs = this.#longestMs): boolean {
    this.#isOver ||= this.#clock.now() + stepMs > this.#endsAtMs
    if (this.#isOver) this.#refused++
    return !this.#isOver
  }

  timed<T>(step: () => T): T {
    const startMs = this.#clock.now()
    try {
      return step()
    } finally {
      this.#longestMs = Math.max(this.#longestMs, this.#clock.now() - startMs)
    }
  }
}
