/** How long the process stood still for an attach: the longest stretch, whatever it was for. */
import { ownTimers } from '../../support/own-timers.js'

/** Collects stretches. */
export class Pauses {
  #longestMs = 0

  get longestMs(): number {
    return this.#longestMs
  }

  /** Takes a stretch that something else timed. */
  note(ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms)
  }

  /** Runs what stops the thread, and times it. */
  during<T>(task: () => T): T {
    const startMs = ownTimers.now()
    try {
      return task()
    } finally {
      this.note(ownTimers.now() - startMs)
    }
  }
}
