/**
 * The level of memory over a run, with the releases that were measured atomically put back: what is left is the
 * service's own coming and going, against which an asynchronous release is compared.
 */
import { NO_CHANGE, difference, leastOf, plus } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import type { FigureLevel } from '../../report/measured-cache.js'

/** Enough for a narrow interval; older ones tell less about the drift at the release. */
const LEVELS_MAX = 24

/** The levels since the last asynchronous release. */
export class LevelSeries {
  #levels: FigureLevel[] = []
  #lowest: Figures | undefined
  #putBack: Figures = NO_CHANGE

  /** A settled reading; gives how far it lies below every one before it (negative: above the lowest of them). */
  add(figures: Figures, atMs: number): Figures {
    const level = plus(figures, this.#putBack)
    const newLow = difference(this.#lowest ?? level, level)
    this.#levels.push({ ...level, atMs })
    if (this.#levels.length > LEVELS_MAX) this.#levels.shift()
    this.#lowest = leastOf(this.#lowest ?? level, level)
    return newLow
  }

  /** A change that is known exactly and explained. */
  putBack(change: Figures): void {
    this.#putBack = plus(this.#putBack, change)
  }

  get current(): readonly FigureLevel[] {
    return this.#levels
  }

  /** The levels that come belong to the time after an asynchronous release. */
  startAnew(): void {
    this.#levels = []
    this.#lowest = undefined
  }
}
