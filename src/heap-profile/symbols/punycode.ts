/**
 * Bootstring decoding with the parameters of Punycode (RFC 3492): how linkers are told of identifiers with letters beyond ASCII.
 */

const BASE = 36
const LEAST = 1
const MOST = 26
const SKEW = 38
const DAMP = 700
const FIRST_BIAS = 72
const FIRST_POINT = 128
const MOST_POINT = 0x10ffff
/** Longest text: each coded letter moves those behind it. */
const MOST_LETTERS = 1024

/** The text; null where it is none. `ascii` are the letters that need no coding, `coded` says what stands between them. */
export function fromPunycode(ascii: string, coded: string): string | null {
  if (ascii.length + coded.length > MOST_LETTERS) return null
  const points = [...ascii].map((letter) => letter.codePointAt(0) ?? 0)
  let point = FIRST_POINT
  let bias = FIRST_BIAS
  let place = 0
  for (let at = 0; at < coded.length;) {
    const from = place
    let weight = 1
    for (let step = BASE; ; step += BASE) {
      const digit = digitOf(coded[at++])
      if (digit === null) return null
      place += digit * weight
      const threshold = Math.min(Math.max(step - bias, LEAST), MOST)
      if (digit < threshold) break
      weight *= BASE - threshold
      if (weight > MOST_POINT * BASE) return null
    }
    const count = points.length + 1
    bias = adapted(place - from, count, from === 0)
    point += Math.floor(place / count)
    if (point > MOST_POINT || (point >= 0xd800 && point <= 0xdfff)) return null
    points.splice((place %= count), 0, point)
    place++
  }
  return String.fromCodePoint(...points)
}

function digitOf(letter: string | undefined): number | null {
  if (letter === undefined || !/^[a-z0-9]$/.test(letter)) return null
  const value = Number.parseInt(letter, BASE)
  // Letters come first here, digits after them.
  return value < 10 ? value + 26 : value - 10
}

function adapted(distance: number, count: number, isFirst: boolean): number {
  let delta = Math.floor(distance / (isFirst ? DAMP : 2))
  delta += Math.floor(delta / count)
  let step = 0
  for (; delta > ((BASE - LEAST) * MOST) / 2; step += BASE) delta = Math.floor(delta / (BASE - LEAST))
  return step + Math.floor(((BASE - LEAST + 1) * delta) / (delta + SKEW))
}
