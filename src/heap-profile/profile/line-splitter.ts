/** Splits a text that comes in pieces into its lines, without making a string of any. */

/** jemalloc's longest stack, 1,024 frames where it was configured so, takes 20 KB. */
export const MAX_LINE_BYTES = 1 << 18

const NEWLINE = 0x0a

/** Calls back with each line as a range of bytes. These hold until the callback returns. */
export class LineSplitter {
  readonly #onLine: (bytes: Uint8Array, from: number, to: number) => void
  readonly #tooLong: () => Error
  /** The beginning of a line whose end has not come yet; it grows by doubling, since pieces may be of a byte. */
  #carried: Uint8Array = new Uint8Array(0)
  #carriedBytes = 0

  /** @param tooLong makes the error for a line of more than {@link MAX_LINE_BYTES} */
  constructor(onLine: (bytes: Uint8Array, from: number, to: number) => void, tooLong: () => Error) {
    this.#onLine = onLine
    this.#tooLong = tooLong
  }

  /** Whether the text ends in the middle of a line so far. */
  get isInsideLine(): boolean {
    return this.#carriedBytes > 0
  }

  /** Takes the next piece; keeps no reference to it. */
  push(piece: Uint8Array): void {
    let from = this.#finishCarried(piece)
    for (;;) {
      const to = piece.indexOf(NEWLINE, from)
      if (to === -1) break
      this.#tell(piece, from, to)
      from = to + 1
    }
    if (from < piece.length) this.#carry(piece.subarray(from))
  }

  #tell(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > MAX_LINE_BYTES) throw this.#tooLong()
    this.#onLine(bytes, from, to)
  }

  #finishCarried(piece: Uint8Array): number {
    if (this.#carriedBytes === 0) return 0
    const to = piece.indexOf(NEWLINE)
    if (to === -1) return 0
    this.#carry(piece.subarray(0, to))
    const length = this.#carriedBytes
    this.#carriedBytes = 0
    this.#tell(this.#carried, 0, length)
    return to + 1
  }

  #carry(rest: Uint8Array): void {
    const length = this.#carriedBytes + rest.length
    if (length > MAX_LINE_BYTES) throw this.#tooLong()
    if (length > this.#carried.length) {
      const larger = new Uint8Array(Math.max(2 * this.#carried.length, length, 256))
      larger.set(this.#carried.subarray(0, this.#carriedBytes))
      this.#carried = larger
    }
    // A copy: the caller may use its buffer again.
    this.#carried.set(rest, this.#carriedBytes)
    this.#carriedBytes = length
  }
}
