/** Columns that grow: typed arrays of which the used part is known. */

/** A typed array of the kinds used for columns. */
type Column = Float64Array | Uint32Array

/** Numbers appended one by one, in a typed array that doubles when it is full. */
export class GrowingColumn<T extends Column> {
  #array: T
  #length = 0
  readonly #make: (length: number) => T

  constructor(make: (length: number) => T) {
    this.#make = make
    this.#array = make(1024)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#array.length) this.#grow()
    this.#array[this.#length++] = value
  }

  /** The numbers appended so far, in an array of just their length. */
  trimmed(): T {
    return this.#array.slice(0, this.#length) as T
  }

  /** Adds to a number that is there. */
  increase(index: number, by: number): void {
    if (index < this.#length) this.#array[index] = (this.#array[index] ?? 0) + by
  }

  /** Takes the last number off. */
  pop(): number {
    return this.#array[--this.#length] ?? 0
  }

  /** Keeps the first `length` numbers. */
  truncate(length: number): void {
    this.#length = length
  }

  #grow(): void {
    const larger = this.#make(this.#array.length * 2)
    larger.set(this.#array)
    this.#array = larger
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
