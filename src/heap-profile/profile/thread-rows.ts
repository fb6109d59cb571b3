/** Rows of threads, as they come. */
import { CacheAttributionError } from '../../support/errors.js'
import { growingFloat64, growingUint32 } from './columns.js'
import type { ThreadTable } from './types.js'

/** Threads at most: jemalloc forgets those that are gone and have nothing left. */
const MAX_THREADS = 1 << 20

/** Collects the rows of threads. */
export class ThreadRows {
  readonly #width: number
  readonly #list: { readonly id: number; readonly name: string | null }[] = []
  readonly #indexOf = new Map<number, number>()
  readonly #samples = growingUint32()
  readonly #threads = growingUint32()
  readonly #values = growingFloat64()

  constructor(width: number) {
    this.#width = width
  }

  /** Describes a thread, with its name if it has one. */
  name(id: number, name: string): void {
    this.#index(id, name === '' ? null : name)
  }

  /** Adds what a thread has of a sample. */
  add(id: number, sample: number, values: Float64Array): void {
    this.#samples.push(sample)
    this.#threads.push(this.#index(id, null))
    for (const value of values) this.#values.push(value)
  }

  /** The table, with the first `width` values of each row. */
  table(width: number): ThreadTable {
    const values = this.#values.taken()
    return {
      list: this.#list,
      count: this.#samples.length,
      samples: this.#samples.taken(),
      threads: this.#threads.taken(),
      values: narrowed(values, this.#width, width),
    }
  }

  #index(id: number, name: string | null): number {
    const known = this.#indexOf.get(id)
    if (known !== undefined) return known
    if (this.#list.length === MAX_THREADS) {
      throw new CacheAttributionError('ERR_PROFILE_TOO_LARGE', `the profile has more than ${MAX_THREADS} threads`)
    }
    this.#indexOf.set(id, this.#list.length)
    return this.#list.push({ id, name }) - 1
  }
}

/** The first `width` of each `from` values. */
export function narrowed(values: Float64Array, from: number, width: number): Float64Array {
  if (width === from) return values
  const rows = values.length / from
  const narrow = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) narrow[row * width + column] = values[row * from + column] ?? 0
  }
  return narrow
}
