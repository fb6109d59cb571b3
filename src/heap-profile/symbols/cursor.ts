/**
 * A mangled name and the place in it; what every scheme of mangling is read with.
 *
 * Rule: names come out of files that anybody may have made. Depth and steps are bounded, and whatever is not understood
 * throws {@link NotDemangled}: the caller then shows the name as it stands in the file.
 */

/** Thrown where a name is not understood. */
export class NotDemangled extends Error {
  override readonly name = 'NotDemangled'
}

/** Longest text that is made of a name. */
const MAX_LENGTH = 32_768
/** Length of all texts together that are made on the way to the whole: each costs the time of its length. */
const MAX_MADE = 32 * MAX_LENGTH
const MAX_DEPTH = 128
const MAX_STEPS = 50_000

/** One name that is being read. */
export class Cursor {
  readonly text: string
  at = 0
  #depth = 0
  #steps = 0
  #made = 0

  constructor(text: string) {
    this.text = text
  }

  get next(): string {
    return this.text[this.at] ?? ''
  }

  get done(): boolean {
    return this.at >= this.text.length
  }

  fail(): never {
    throw new NotDemangled(`not understood at ${this.at}`)
  }

  /** Whether `text` comes next. */
  comes(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Goes over `text` if it comes next. */
  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail()
  }

  /** Runs `body` one level deeper. */
  within<T>(body: () => T): T {
    if (++this.#depth > MAX_DEPTH || ++this.#steps > MAX_STEPS) this.fail()
    const result = body()
    this.#depth--
    return result
  }

  /** Counts a text of this length that was made: what refers to itself can double again and again. */
  spend(length: number): void {
    this.#made += length
    if (length > MAX_LENGTH || this.#made > MAX_MADE) this.fail()
  }

  /** Several of something up to an `E`. */
  untilEnd<T>(read: () => T): T[] {
    const list: T[] = []
    while (!this.take('E')) list.push(read())
    return list
  }
}
