/**
 * Names of caches in an address: any string, as percent-encoded UTF-8.
 *
 * Rule: a name has one way to be written. Half a surrogate pair, of which UTF-8 has none, is three bytes as in WTF-8; a whole
 * pair written so is refused.
 */

/** Half a surrogate pair as its three bytes. */
const HALF = /(%ed%[ab][\da-f]%[89ab][\da-f])/i

/** The string. @throws URIError for what is not percent-encoded so */
export function decodeName(encoded: string): string {
  // Of split() with a group, every second part is what matched.
  const parts = encoded.split(HALF)
  const name = parts.map((part, index) => (index % 2 === 0 ? decodeURIComponent(part) : halfOf(part))).join('')
  const isSplitPair = parts.some(
    (part, index) => index % 2 === 1 && parts[index + 1] === '' && isPair(part, parts[index + 2]),
  )
  if (isSplitPair) throw new URIError('a whole pair as two halves')
  return name
}

/** A string as a part of an address or of a query. Dots and slashes of a path: in a query they stand for themselves. */
export function encodeName(name: string): string {
  return name
    .split(/(\p{Surrogate})/u)
    .map((part, index) => (index % 2 === 0 ? encodeURIComponent(part) : bytesOf(part.charCodeAt(0))))
    .join('')
}

function isPair(first: string, second: string | undefined): boolean {
  return second !== undefined && /^\p{Any}$/u.test(halfOf(first) + halfOf(second))
}

function halfOf(encoded: string): string {
  const [, high = 0, low = 0] = encoded
    .slice(1)
    .split('%')
    .map((byte) => Number.parseInt(byte, 16))
  return String.fromCharCode(0xd000 | ((high & 0x3f) << 6) | (low & 0x3f))
}

function bytesOf(half: number): string {
  return [0xed, 0x80 | ((half >> 6) & 0x3f), 0x80 | (half & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join('')
}
