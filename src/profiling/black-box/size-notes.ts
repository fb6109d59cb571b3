/**
 * Sizes of caches on their way into the box: which cache has which number, and what has changed.
 *
 * Rule: it runs between two statements of the service, too: it allocates little, waits for nothing and never throws.
 */
import type { BlackBoxBinding } from '../../allocator/black-box-binding.js'
import type { BlackBoxCoordinator } from './options.js'

/** As many have a place in the file. */
const PLACES = 256
/** A size that does not change is written so often all the same, so that it stays in the ring. */
const UNCHANGED_EVERY = 20

interface Noted {
  readonly number: number
  size: string
  unchanged: number
}

/** Writes what caches say of themselves. */
export class SizeNotes {
  readonly #binding: BlackBoxBinding
  readonly #coordinator: BlackBoxCoordinator
  readonly #noted = new Map<string, Noted>()
  #numbers = 0
  #isBusy = false

  constructor(binding: BlackBoxBinding, coordinator: BlackBoxCoordinator) {
    this.#binding = binding
    this.#coordinator = coordinator
  }

  /** Asks every cache once. `isSlow` has all of them written into the ring of the last hours. */
  note(isSlow: boolean): void {
    // It may come between two statements of itself.
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      for (const { name, entries, claimedBytes, estimatedBytes, estimatedUncertaintyBytes } of this.#estimates()) {
        const numbers = [entries, claimedBytes, estimatedBytes, estimatedUncertaintyBytes] as const
        const noted = this.#notedOf(name)
        if (noted === null) continue
        if (isSlow) this.#write(1, noted, numbers)
        const size = numbers.join()
        noted.unchanged = noted.size === size ? noted.unchanged + 1 : 0
        noted.size = size
        if (noted.unchanged % UNCHANGED_EVERY === 0) this.#write(0, noted, numbers)
      }
    } catch {
      // The coordinator was closed.
    } finally {
      this.#isBusy = false
    }
  }

  #estimates(): ReturnType<BlackBoxCoordinator['estimates']> {
    return this.#coordinator.estimates()
  }

  /** The first so many that were ever registered: a place is not given to another, whose sizes would be taken for its. */
  #notedOf(name: string): Noted | null {
    const known = this.#noted.get(name)
    if (known !== undefined) return known
    if (this.#numbers >= PLACES) return null
    const noted = { number: ++this.#numbers, size: '', unchanged: -1 }
    this.#noted.set(name, noted)
    this.#binding.name(noted.number - 1, noted.number, name)
    return noted
  }

  #write(isSlow: number, { number }: Noted, numbers: readonly (number | null)[]): void {
    const [entries, claimed, estimated, uncertainty] = numbers
    this.#binding.size(isSlow, number, entries ?? NaN, claimed ?? NaN, estimated ?? NaN, uncertainty ?? NaN)
  }
}
