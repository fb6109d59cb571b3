/** Columns that grow: typed arrays of which the used part is known. */

/** A typed array of the kinds used for columns. */
type Column = Float64Array | Uint32Array

/** Numbers in one piece: small enough that the last one wastes little, large enough that there are few. */
const PIECE_BITS = 16
const PIECE_LENGTH = 1 << PIECE_BITS
const PLACE = PIECE_LENGTH - 1
const FIRST_LENGTH = 1024

/**
 * Numbers appended one by one. They stand in pieces that are never copied while the column grows: of a column that doubles its
 * array the old one, the new one and the room not used yet would be there at the same time.
 */
export class GrowingColumn<T extends Column> {
  readonly #make: (length: number) => T
  #pieces: T[]
  /** The piece that is appended to, which is the last one. */
  #last: T
  #length = 0

  constructor(make: (length: number) => T) {
    this.#make = make
    this.#last = make(FIRST_LENGTH)
    this.#pieces = [this.#last]
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    const place = this.#length & PLACE
    if (place === this.#last.length || (place === 0 && this.#length > 0)) this.#grow(place)
    this.#last[place] = value
    this.#length++
  }

  /** Takes the numbers out, as an array of just their length. The column is empty afterwards. */
  taken(): T {
    const all = this.#make(this.#length)
    const pieces = this.#pieces
    for (let at = 0; at < this.#length; at += PIECE_LENGTH) {
      const piece = pieces.shift()
      if (piece !== undefined) all.set(piece.subarray(0, Math.min(PIECE_LENGTH, this.#length - at)), at)
    }
    this.truncate(0)
    return all
  }

  /** Adds to a number that is there. */
  increase(index: number, by: number): void {
    const piece = index < this.#length ? this.#pieces[index >>> PIECE_BITS] : undefined
    if (piece !== undefined) piece[index & PLACE] = (piece[index & PLACE] ?? 0) + by
  }

  /** Takes the last number off. */
  pop(): number {
    const value = this.#pieces[(this.#length - 1) >>> PIECE_BITS]?.[(this.#length - 1) & PLACE] ?? 0
    this.truncate(this.#length - 1)
    return value
  }

  /** Keeps the first `length` numbers. */
  truncate(length: number): void {
    this.#length = Math.max(0, length)
    this.#pieces.length = Math.min(this.#pieces.length, Math.max(1, Math.ceil(this.#length / PIECE_LENGTH)))
    this.#last = this.#pieces.at(-1) ?? this.#make(FIRST_LENGTH)
    this.#pieces[Math.max(0, this.#pieces.length - 1)] = this.#last
  }

  /** Before `place` of the last piece, or of the one after it, is there. */
  #grow(place: number): void {
    if (place === 0) {
      this.#last = this.#make(PIECE_LENGTH)
      this.#pieces.push(this.#last)
      return
    }
    // Most columns are short, and the first piece of theirs is too.
    const larger = this.#make(Math.min(PIECE_LENGTH, this.#last.length * 2))
    larger.set(this.#last)
    this.#last = larger
    this.#pieces[this.#pieces.length - 1] = larger
  }
}

/** A growing column of unsigned 32-bit numbers. */
export function growingUint32(): GrowingColumn<Uint32Array> {
  return new GrowingColumn((length) => new Uint32Array(length))
}

/** A growing column of doubles. */
export function growingFloat64(): GrowingColumn<Float64Array> {
  return new GrowingColumn((length) => new Float64Array(length))
}
