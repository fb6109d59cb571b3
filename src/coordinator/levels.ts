/**
 * The level of memory over a run, with the releases that were measured atomically put back: what is left is the
 * service's own coming and going, against which an asynchronous release is compared.
 */
import type { Figures } from '../measure/sample.js'
import type { FigureLevel } from '../report/build.js'

/** Enough for a narrow interval; older ones tell less about the drift at the release. */
const LEVELS_MAX = 24

/** The levels since the last asynchronous release. */
export class LevelSeries {
  #levels: FigureLevel[] = []
  #putBack: Figures = { allocatedBytes: 0, heapBytes: 0 }

  /** A settled reading. */
  add(figures: Figures, atMs: number): void {
    this.#levels.push({ ...plus(figures, this.#putBack), atMs })
    if (this.#levels.length > LEVELS_MAX) this.#levels.shift()
  }

  /** A change that is known exactly and explained. */
  putBack(change: Figures): void {
    this.#putBack = plus(this.#putBack, change)
  }

  get current(): readonly FigureLevel[] {
    return this.#levels
  }

  /** The levels so far; those that come belong to the time after an asynchronous release. */
  startAnew(): readonly FigureLevel[] {
    const before = this.#levels
    this.#levels = []
    return before
  }
}

function plus(a: Figures, b: Figures): Figures {
  return {
    allocatedBytes: a.allocatedBytes === null || b.allocatedBytes === null ? null : a.allocatedBytes + b.allocatedBytes,
    heapBytes: a.heapBytes + b.heapBytes,
  }
}
