/** The boxes of a flame graph: who called whom, where each stands, and which a search finds. */
import type { FlamegraphData } from '../types.js'

/** One box as it is drawn, in pixels. */
export interface Box {
  readonly node: number
  readonly x: number
  readonly width: number
  readonly row: number
}

/** The result of a search. */
export interface Matches {
  readonly nodes: ReadonlySet<number>
  /** Of all that matching functions allocated, with what they called. */
  readonly sum: number
}

/** Boxes narrower than this are left out. */
const LEAST_WIDTH = 0.4

/** The tree of one profile. */
export class Tree {
  readonly count: number
  readonly #data: FlamegraphData
  readonly #depth: Uint16Array
  readonly #children: readonly number[][]

  constructor(data: FlamegraphData) {
    this.#data = data
    this.count = data.name.length
    this.#depth = new Uint16Array(this.count)
    this.#children = Array.from({ length: this.count }, () => [])
    for (let node = 1; node < this.count; node++) {
      this.#depth[node] = this.depthOf(this.parentOf(node)) + 1
      this.#children[this.parentOf(node)]?.push(node)
    }
    for (const list of this.#children) list.sort((a, b) => this.widthOf(b) - this.widthOf(a))
  }

  nameOf(node: number): string {
    return this.#data.names[this.#data.name[node] ?? 0] ?? ''
  }

  /** −1 for the whole. */
  parentOf(node: number): number {
    return this.#data.parent[node] ?? -1
  }

  depthOf(node: number): number {
    return this.#depth[node] ?? 0
  }

  widthOf(node: number): number {
    return this.#data.width[node] ?? 0
  }

  /** With what it called. */
  valueOf(node: number): number {
    return this.#data.value[node] ?? 0
  }

  /** Of `valueOf()`; null where it is not known. */
  varianceOf(node: number): number | null {
    return this.#data.variance?.[node] ?? null
  }

  selfOf(node: number): number {
    return this.#data.self[node] ?? 0
  }

  /** The widest first. */
  childrenOf(node: number): readonly number[] {
    return this.#children[node] ?? []
  }

  /** From the whole down to the caller. */
  callersOf(node: number): number[] {
    const callers: number[] = []
    for (let each = this.parentOf(node); each >= 0; each = this.parentOf(each)) callers.unshift(each)
    return callers
  }

  /** Callers of the root over the whole width, then what is below it; by node. */
  layOut(root: number, across: number): Map<number, Box> {
    const boxes = new Map<number, Box>()
    const put = (node: number, x: number, width: number): void => {
      boxes.set(node, { node, x, width, row: this.depthOf(node) })
    }
    for (const node of this.callersOf(root)) put(node, 0, across)
    const waiting: [number, number, number][] = [[root, 0, across]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [node, x, width] = next
      put(node, x, width)
      let at = x
      for (const child of this.childrenOf(node)) {
        const whole = this.widthOf(node)
        const wide = whole === 0 ? 0 : (width * this.widthOf(child)) / whole
        if (wide >= LEAST_WIDTH) waiting.push([child, at, wide])
        at += wide
      }
    }
    return boxes
  }

  /** The boxes whose name passes. What stands below a match is counted with it. */
  search(test: (name: string) => boolean): Matches {
    const isHit = this.#data.names.map((name, index) => index > 0 && test(name))
    const nodes = new Set<number>()
    const isInside = new Uint8Array(this.count)
    let sum = 0
    for (let node = 1; node < this.count; node++) {
      isInside[node] = isInside[this.parentOf(node)] ?? 0
      if (isHit[this.#data.name[node] ?? 0] !== true) continue
      nodes.add(node)
      if (isInside[node] === 0) sum += this.valueOf(node)
      isInside[node] = 1
    }
    return { nodes, sum }
  }
}
