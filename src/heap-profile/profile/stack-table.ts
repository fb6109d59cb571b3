/** Stacks as small numbers: equal ones get the same, in the order of their first coming. */
import { PairTable } from './pair-table.js'

/** A stack is a path in a tree of frames, and its number that of the path's end. */
export class StackTable {
  readonly #nodes = new PairTable()
  readonly #numberOf = new Map<number, number>()

  get count(): number {
    return this.#numberOf.size
  }

  /** The number of the stack. */
  numberOf(stack: Uint32Array): number {
    let node = 0
    for (const frame of stack) node = this.#nodes.numberOf(node, frame) + 1
    const known = this.#numberOf.get(node)
    if (known !== undefined) return known
    this.#numberOf.set(node, this.#numberOf.size)
    return this.#numberOf.size - 1
  }
}
