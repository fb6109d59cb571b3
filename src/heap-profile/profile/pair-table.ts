/**
 * Pairs of 32-bit numbers as one small number, in the order of their first coming: the two halves of an address, or a
 * node of a tree and what comes below it.
 *
 * A profile names some thousand addresses some million times: an open hash table over typed arrays allocates nothing for
 * a pair that is known.
 */

/** At how full a table its size is doubled. */
const MAX_LOAD = 0.5

/** Pairs of unsigned 32-bit numbers → 0, 1, 2 … */
export class PairTable {
  #high = new Uint32Array(1024)
  #low = new Uint32Array(1024)
  /** Slot → number + 1; 0 is a free slot. */
  #slots = new Uint32Array(2048)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The number of this pair. */
  numberOf(high: number, low: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(high, low) & mask
    for (;;) {
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) return this.#insert(slot, high, low)
      if (this.#low[entry - 1] === low && this.#high[entry - 1] === high) return entry - 1
      slot = (slot + 1) & mask
    }
  }

  /** The first of the pair with this number. */
  highOf(number: number): number {
    return this.#high[number] ?? 0
  }

  /** The second of the pair with this number. */
  lowOf(number: number): number {
    return this.#low[number] ?? 0
  }

  #insert(slot: number, high: number, low: number): number {
    if (this.#count === this.#high.length) {
      this.#high = doubled(this.#high)
      this.#low = doubled(this.#low)
    }
    const number = this.#count++
    this.#high[number] = high
    this.#low[number] = low
    this.#slots[slot] = number + 1
    if (this.#count > this.#slots.length * MAX_LOAD) this.#rehash()
    return number
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < this.#count; number++) {
      let slot = hashOf(this.#high[number] ?? 0, this.#low[number] ?? 0) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

/** Secret of this process: a profile made to collide in every slot would take its reader quadratic time. */
const SEED = (Math.random() * 2 ** 32) >>> 0

/** All bits of both halves reach the low ones, which choose the slot. */
function hashOf(high: number, low: number): number {
  let hash = Math.imul(low ^ SEED, 0x9e3779b1) ^ Math.imul(high ^ (SEED >>> 7), 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae3d)
  return hash ^ (hash >>> 15)
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2)
  larger.set(array)
  return larger
}
