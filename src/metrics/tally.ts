/** Counts by their labels. */
import type { Labels, Sample } from './sample.js'

/** Numbers by their labels, in the order in which they came. */
export class Tally {
  readonly #samples = new Map<string, { value: number; readonly labels: Labels }>()

  add(labels: Labels, count = 1): void {
    const key = Object.values(labels).join(' ')
    const sample = this.#samples.get(key)
    if (sample === undefined) this.#samples.set(key, { value: count, labels })
    else sample.value += count
  }

  samples(): Sample[] {
    return [...this.#samples.values()]
  }
}
