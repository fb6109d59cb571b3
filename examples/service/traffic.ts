/** Which addresses the load asks for: a few very often, most of them seldom, as visitors do. Pure but for the seed. */
import type { Package } from './catalogue.js'
import { isParsable } from './documents.js'

export interface Visit {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** How often a popular address is asked for more than the next: 1 is the law that Zipf found in texts. */
const ZIPF_EXPONENT = 0.8

/** Draws visits to a service with these packages; the same seed draws the same. */
export class Visitor {
  readonly #random: () => number
  readonly #packages: ZipfList<string>
  readonly #files: ZipfList<string>
  readonly #documents: ZipfList<string>
  readonly #words: ZipfList<string> | null

  constructor(packages: readonly Package[], hasSearch: boolean, seed: number) {
    // The same documents are popular with all visitors, so their order is drawn from a seed of its own.
    const order = seededRandom(1)
    const files = packages.flatMap((entry) => entry.files.map((file) => file.path))
    this.#random = seededRandom(seed)
    this.#packages = new ZipfList(
      packages.map(({ folder }) => folder),
      order,
    )
    this.#files = new ZipfList(files, order)
    this.#documents = new ZipfList(files.filter(isParsable), order)
    this.#words = hasSearch ? new ZipfList(wordsOf(files), order) : null
  }

  next(): Visit {
    const kind = this.#random()
    if (kind < 0.6) return visit(`/files/${encodeURI(this.#files.draw(this.#random))}`, this.#encoding())
    if (kind < 0.75) return visit(`/packages/${encodeURI(this.#packages.draw(this.#random))}`)
    if (kind < 0.92 || this.#words === null) return visit(`/outline/${encodeURI(this.#documents.draw(this.#random))}`)
    return visit(`/search?q=${encodeURIComponent(this.#words.draw(this.#random))}`)
  }

  /** Most clients are browsers. */
  #encoding(): string {
    const kind = this.#random()
    return kind < 0.6 ? 'gzip, deflate, br' : kind < 0.9 ? 'gzip' : 'identity'
  }
}

function visit(path: string, encoding = 'identity'): Visit {
  return { path, headers: { 'accept-encoding': encoding } }
}

/** The words that file names are made of. */
function wordsOf(files: readonly string[]): string[] {
  return [...new Set(files.flatMap((file) => file.toLowerCase().match(/[a-z]{4,}/g) ?? []))]
}

/** Items in a drawn order of popularity. */
class ZipfList<T> {
  readonly #items: readonly T[]
  /** The sum of the weights up to each item. */
  readonly #sums: readonly number[]

  constructor(items: readonly T[], random: () => number) {
    this.#items = items
      .map((item) => ({ item, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item)
    let sum = 0
    this.#sums = this.#items.map((_, index) => (sum += (index + 1) ** -ZIPF_EXPONENT))
  }

  draw(random: () => number): T {
    const target = random() * (this.#sums.at(-1) ?? 0)
    let low = 0
    let high = this.#sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sums[middle] ?? 0) < target) low = middle + 1
      else high = middle
    }
    const item = this.#items[low]
    if (item === undefined) throw new Error('the service has nothing to ask for')
    return item
  }
}

/** mulberry32: numbers from 0 to 1, the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
