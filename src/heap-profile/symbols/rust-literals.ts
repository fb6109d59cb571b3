/** Rust's own scheme of mangling: numbers, characters and texts in it. */
import type { RustReader } from './rust-reader.js'

/** Hexadecimal digits up to a `_`; none are a zero. */
export function readHexadecimal(reader: RustReader): string {
  const end = reader.text.indexOf('_', reader.at)
  const digits = reader.text.slice(reader.at, end)
  if (end < 0 || !/^(?:0|[1-9a-f][0-9a-f]*|)$/.test(digits)) reader.fail()
  reader.at = end + 1
  return digits === '' ? '0' : digits
}

/** A number without its sign. Tools show what does not fit into 64 bits as it was written. */
export function readInteger(reader: RustReader): string {
  const digits = readHexadecimal(reader)
  return digits.length > 16 ? `0x${digits}` : BigInt(`0x${digits}`).toString()
}

/** A character, in quotes. */
export function readCharacter(reader: RustReader): string {
  const point = Number.parseInt(readHexadecimal(reader), 16)
  if (!isCharacter(point)) reader.fail()
  return `'${escaped(String.fromCodePoint(point), "'")}'`
}

function isCharacter(point: number): boolean {
  return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
}

/** Text, which stands there as UTF-8 in hexadecimal. */
export function readString(reader: RustReader): string {
  const end = reader.text.indexOf('_', reader.at)
  const digits = reader.text.slice(reader.at, end)
  if (end < 0 || !/^(?:[0-9a-f]{2})*$/.test(digits)) reader.fail()
  reader.at = end + 1
  const text = Buffer.from(digits, 'hex').toString()
  if (Buffer.from(text).toString('hex') !== digits) reader.fail()
  return `"${escaped(text, '"')}"`
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\r': '\\r', '\n': '\\n', '\\': '\\\\', '\0': '\\0' }

/** As Rust writes it in its source. */
function escaped(text: string, quote: string): string {
  return Array.from(text, (letter) => {
    if (letter === quote) return `\\${quote}`
    const escape = ESCAPES[letter]
    if (escape !== undefined) return escape
    return /\p{Cc}|\p{Cf}|\p{Cn}|\p{Co}|\p{Zl}|\p{Zp}/u.test(letter)
      ? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`
      : letter
  }).join('')
}
