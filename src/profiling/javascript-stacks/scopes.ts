/** Names of what is marked in samples: caches that are being filled. They stay, since samples with their mark may live. */
import { cacheLine } from '../../heap-profile/profile/javascript-names.js'

const numbers = new Map<string, number>()

/** The number of a cache, from 1 on; the same name has the same. */
export function scopeOf(name: string): number {
  const known = numbers.get(name)
  if (known !== undefined) return known
  numbers.set(name, numbers.size + 1)
  return numbers.size
}

/** The caches that samples have been marked with. */
export function markedCaches(): readonly string[] {
  return [...numbers.keys()]
}

/** All of them, as lines of a dump. */
export function scopeLines(): string {
  return Array.from(numbers, ([name, number]) => cacheLine(number, name)).join('')
}
