/**
 * Names as label values.
 *
 * Rule: two names never share a label, whatever they hold; a label is short, and of characters that every reader of the
 * formats takes. Quotes, backslashes and line ends stay: the formats escape them.
 */
import { createHash } from 'node:crypto'
import { printable } from '../support/units.js'

/** Series beyond the largest are added up under this label. */
export const OTHER_LABEL = 'other'

/** Longest label, in code points, its hash included. */
const LENGTH_MAX = 120
const HASH_DIGITS = 12
const HASHED = new RegExp(`~[0-9a-f]{${String(HASH_DIGITS)}}$`)
/** Control characters but for the line end, which is escaped; halves of a character, which UTF-8 cannot say. */
const UNSAFE = /[\p{Cs}]|(?!\n)\p{Cc}/u

/** The label of a name: the name itself where it can be, else a readable part of it with a hash. */
export function labelOf(name: string): string {
  // A name that already looks like a label of another name, or like the sum of the others, gets a hash of its own.
  const isPlain =
    name.length <= LENGTH_MAX && !UNSAFE.test(name) && !HASHED.test(name) && name !== OTHER_LABEL && name !== ''
  if (isPlain) return name
  // UTF-16: in UTF-8 two halves of characters would be the same replacement.
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, HASH_DIGITS)
  return `${printable(name.slice(0, LENGTH_MAX), LENGTH_MAX - HASH_DIGITS - 1)}~${hash}`
}

/** Labels of names that come again in each snapshot. */
export class LabelCache {
  #labels = new Map<string, string>()

  /** {@link labelOf}, remembered. */
  of(name: string): string {
    // Plain names are told in less time than they are looked up.
    if (name.length <= LENGTH_MAX && /^[\w ./:-]+$/.test(name) && name !== OTHER_LABEL) return name
    let label = this.#labels.get(name)
    if (label === undefined) {
      if (this.#labels.size >= 10_000) this.#labels = new Map()
      label = labelOf(name)
      this.#labels.set(name, label)
    }
    return label
  }
}

/** The `count` largest, the largest first, and the rest; what is as large stays in its order. */
export function largestAndOthers<T>(values: readonly T[], count: number, sizeOf: (value: T) => number): [T[], T[]] {
  if (values.length <= count) return [[...values], []]
  const sorted = values.toSorted((a, b) => sizeOf(b) - sizeOf(a))
  return [sorted.slice(0, count), sorted.slice(count)]
}
