/**
 * The fields of a protobuf message, one after the other.
 *
 * Rule: nothing is copied or kept, a field costs the time of its own bytes, and whatever leads outside the message is
 * refused.
 */

/** The fault of a message. */
export class ProtoError extends Error {
  override readonly name = 'ProtoError'
}

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const FIXED32 = 5
/** Bytes of the longest number. */
const MAX_VARINT_BYTES = 10

/** One message that is being read; {@link ProtoFields.next} goes from field to field. */
export class ProtoFields {
  readonly #bytes: Uint8Array
  #end: number
  #at: number
  /** Number of the field. */
  field = 0
  /** Whether it is a message, a text or packed numbers: what stands `from` up to `to`. */
  isDelimited = false
  from = 0
  to = 0
  #low = 0
  #high = 0

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
  }

  /** Begins anew with another part of the same bytes. */
  reset(from: number, to: number): this {
    this.#at = from
    this.#end = to
    return this
  }

  /** Goes to the next field; false at the end. @throws ProtoError */
  next(): boolean {
    if (this.#at >= this.#end) return false
    this.#varint()
    this.field = this.#low >>> 3
    const kind = this.#low & 7
    if (this.#high !== 0 || this.field === 0) throw new ProtoError('a field without a number')
    this.isDelimited = kind === DELIMITED
    if (kind === VARINT || kind === DELIMITED) this.#varint()
    if (kind === VARINT) return true
    const size = kind === DELIMITED ? this.unsigned : kind === FIXED64 ? 8 : kind === FIXED32 ? 4 : Infinity
    if (size > this.#end - this.#at) throw new ProtoError('a field that is longer than its message')
    this.from = this.#at
    this.#at = this.to = this.#at + size
    return true
  }

  /** Goes to the next of the packed numbers of `fields`. @throws ProtoError */
  nextPacked(): boolean {
    if (this.#at >= this.#end) return false
    this.#varint()
    return true
  }

  /** The number as one of 64 bits without a sign; beyond 2^53 it is not exact. */
  get unsigned(): number {
    return this.#high * 2 ** 32 + this.#low
  }

  /** The number as one of 64 bits with a sign. */
  get signed(): number {
    return this.#high < 2 ** 31 ? this.unsigned : -((~this.#high >>> 0) * 2 ** 32 + (~this.#low >>> 0) + 1)
  }

  /** The number, exactly. */
  get exact(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  /** The number as a key of a Map: exact, and mostly no BigInt. */
  get key(): number | bigint {
    return this.#high < 2 ** 21 ? this.unsigned : this.exact
  }

  #varint(): void {
    let low = 0
    let high = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      if (this.#at >= this.#end) break
      const byte = this.#bytes[this.#at++] ?? 0
      const bits = byte & 0x7f
      const place = 7 * index
      if (place < 32) low |= bits << place
      if (place >= 32) high |= bits << (place - 32)
      else if (place > 25) high |= bits >>> (32 - place)
      if (byte < 0x80) {
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    throw new ProtoError('a number without an end')
  }
}
