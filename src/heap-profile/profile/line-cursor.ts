/** Reading numbers out of lines of bytes: no string is made for them. */

const SPACE = 0x20
const TAB = 0x09
const ZERO = 0x30
const CARRIAGE_RETURN = 0x0d

/** A place in a line of bytes that moves on as it is read. One is used for all lines. */
export class LineCursor {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  /** Upper and lower half of the last address read by {@link LineCursor.address}. */
  high = 0
  low = 0

  /** Takes the line from `from` up to `to`, without the blanks around it. */
  set(bytes: Uint8Array, from: number, to: number): void {
    while (to > from && isBlank(bytes[to - 1])) to--
    this.bytes = bytes
    this.at = from
    this.end = to
    this.blanks()
  }

  get done(): boolean {
    return this.at >= this.end
  }

  /** The next byte, or −1 at the end. */
  get next(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1
  }

  blanks(): void {
    while (this.at < this.end && isBlank(this.bytes[this.at])) this.at++
  }

  /** Goes over `byte`, and over blanks before it. */
  take(byte: number): boolean {
    this.blanks()
    if (this.next !== byte) return false
    this.at++
    return true
  }

  /** Goes over `text` (of ASCII). */
  takeText(text: string): boolean {
    if (this.end - this.at < text.length) return false
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[this.at + index] !== text.charCodeAt(index)) return false
    }
    this.at += text.length
    return true
  }

  /** A decimal number after blanks; −1 where there is none, or none that 64 bits hold. */
  decimal(): number {
    this.blanks()
    const from = this.at
    let value = 0
    for (; this.at < this.end; this.at++) {
      const digit = (this.bytes[this.at] ?? 0) - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
    }
    return this.at === from || this.at - from > 20 || value >= 2 ** 64 ? -1 : value
  }

  /** A hexadecimal number of at most 64 bits with `0x` before it, into `high` and `low`; whether there is one. */
  address(): boolean {
    const { bytes } = this
    if (this.end - this.at < 3 || bytes[this.at] !== ZERO || ((bytes[this.at + 1] ?? 0) | 0x20) !== 0x78) return false
    let at = this.at + 2
    const from = at
    let high = 0
    let low = 0
    for (; at < this.end; at++) {
      const digit = HEX_VALUES[bytes[at] ?? 0] ?? 255
      if (digit === 255) break
      high = (high << 4) | (low >>> 28)
      low = (low << 4) | digit
    }
    this.at = at
    this.high = high >>> 0
    this.low = low >>> 0
    return at > from && at - from <= 16
  }

  /** The rest of the line, as text. */
  remaining(): string {
    return new TextDecoder().decode(this.bytes.subarray(this.at, this.end))
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN
}

/** Byte → the hexadecimal digit that it is, else 255. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(value) ? 255 : value
})
