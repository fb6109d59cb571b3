/**
 * Keys that stand twice in one object of a JSON text, which `JSON.parse` does not say. Pure.
 *
 * Rule: read by hand, once from its beginning to its end: a regular expression keeps a place for each character of a string, and
 * has no room for those of eight million.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The first key that an object repeats. `text` is valid JSON. */
export function repeatedKey(text: string): string | undefined {
  /** The keys of every object that is open; null for an array. */
  const open: (Set<string> | null)[] = []
  let isKeyNext = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      const end = endOfString(text, at)
      const keys = open.at(-1)
      if (isKeyNext && keys != null) {
        const key = JSON.parse(text.slice(at, end)) as string
        if (keys.has(key)) return key
        keys.add(key)
      }
      at = end - 1
      isKeyNext = false
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null)
      isKeyNext = character === '{'
    } else if (character === '}' || character === ']') {
      open.pop()
      isKeyNext = false
    } else if (character === ',') isKeyNext = open.at(-1) != null
  }
  return undefined
}

/** The place behind the quotation mark that ends a string. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
  return at + 1
}
