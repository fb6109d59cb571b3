/**
 * Creations that are recorded and not looked into yet: finding the file and line of one takes longer than recording it, and the
 * code that creates a cache does not wait for that.
 *
 * Rule: a creation holds its cache and the receivers of its frames, so it waits for milliseconds only.
 */
import type { Creation } from './export-wrapper.js'

/** Creations of this time are looked into together. */
const WAIT_MS = 20
/** So many are looked into in one turn of the event loop, which takes well below a millisecond. */
const AT_ONCE = 256

// As it is now: a test suite may put a clock of its own in its place.
const { setTimeout } = globalThis

/** Hands creations on, a while later or when they are asked for. */
export class CreationQueue {
  readonly #take: (creations: readonly Creation[]) => void
  #queued: Creation[] = []

  constructor(take: (creations: readonly Creation[]) => void) {
    this.#take = take
  }

  add(creation: Creation): void {
    if (this.#queued.push(creation) === 1) this.#later()
  }

  /** Hands on all that there are. */
  flush(): void {
    const queued = this.#queued
    if (queued.length === 0) return
    this.#queued = []
    this.#take(queued)
  }

  #later(): void {
    setTimeout(() => {
      const queued = this.#queued
      if (queued.length === 0) return
      this.#queued = queued.slice(AT_ONCE)
      if (this.#queued.length > 0) this.#later()
      this.#take(queued.slice(0, AT_ONCE))
    }, WAIT_MS).unref()
  }
}
