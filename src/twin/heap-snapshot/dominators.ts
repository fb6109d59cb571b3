/**
 * Dominators of a heap graph: through which one object each other is held. Pure.
 *
 * Semi-NCA (Georgiadis): one depth-first walk numbers the nodes, semidominators are found from the last number to the
 * first, the dominators from the first to the last. All in columns of numbers, nothing recursive: lists of a million
 * links are common in heaps.
 */
import type { HeapGraph } from './graph.js'

/** Numbers are those of the depth-first walk: 0 is the root, and a dominator's number is smaller than its node's. */
export interface DominatorTree {
  /** Number → node of the graph; as long as there are reachable nodes. */
  readonly nodeOf: Uint32Array
  /** Number → number of the immediate dominator; 0 for the root itself. */
  readonly dominator: Uint32Array
}

const UNREACHED = 0xffffffff

/** The tree of what is strongly reachable from the root. */
export function dominatorsOf(graph: HeapGraph): DominatorTree {
  const walk = depthFirst(graph)
  const predecessors = predecessorsOf(graph, walk)
  return { nodeOf: walk.nodeOf, dominator: semiNca(walk.parent, predecessors) }
}

/** Bytes that each numbered node holds: its own and those of all that it dominates. */
export function retainedOfNodes({ selfBytes }: HeapGraph, { nodeOf, dominator }: DominatorTree): Float64Array {
  const retained = Float64Array.from(nodeOf, (node) => selfBytes[node] ?? 0)
  for (let number = nodeOf.length - 1; number > 0; number--) {
    const at = dominator[number] ?? 0
    retained[at] = (retained[at] ?? 0) + (retained[number] ?? 0)
  }
  return retained
}

interface Walk {
  readonly nodeOf: Uint32Array
  /** Node → number, or UNREACHED. */
  readonly numberOf: Uint32Array
  /** Number → number of the node from which it was first reached. */
  readonly parent: Uint32Array
}

/** Which types of edges hold: weak ones do not, and shortcuts stand beside a real one except at the root. */
function holdingTypes({ edgeTypes }: HeapGraph): {
  readonly atRoot: readonly boolean[]
  readonly below: readonly boolean[]
} {
  return {
    atRoot: edgeTypes.map((type) => type !== 'weak'),
    below: edgeTypes.map((type) => type !== 'weak' && type !== 'shortcut'),
  }
}

function depthFirst(graph: HeapGraph): Walk {
  const { nodeCount, firstEdge, edgeTo, edgeType } = graph
  const { atRoot, below } = holdingTypes(graph)
  const numberOf = new Uint32Array(nodeCount).fill(UNREACHED)
  const nodeOf = new Uint32Array(nodeCount)
  const parent = new Uint32Array(nodeCount)
  // The edge at which each number goes on when it is returned to; the way back is `parent`.
  const nextEdge = new Uint32Array(nodeCount)
  if (nodeCount === 0) return { nodeOf, numberOf, parent }
  let count = 1
  numberOf[0] = 0
  nextEdge[0] = firstEdge[0] ?? 0
  let at = 0
  for (;;) {
    const node = nodeOf[at] ?? 0
    const end = firstEdge[node + 1] ?? 0
    let edge = nextEdge[at] ?? 0
    let found = UNREACHED
    const holds = node === 0 ? atRoot : below
    while (edge < end && found === UNREACHED) {
      const to = edgeTo[edge] ?? 0
      if (holds[edgeType[edge] ?? 0] === true && numberOf[to] === UNREACHED) found = to
      edge++
    }
    nextEdge[at] = edge
    if (found !== UNREACHED) {
      numberOf[found] = count
      nodeOf[count] = found
      parent[count] = at
      nextEdge[count] = firstEdge[found] ?? 0
      at = count++
    } else if (at === 0) break
    else at = parent[at] ?? 0
  }
  return { nodeOf: nodeOf.slice(0, count), numberOf, parent: parent.slice(0, count) }
}

/** For each number, the numbers from which an edge leads to it, as a range of `from`. */
interface Predecessors {
  readonly first: Uint32Array
  readonly from: Uint32Array
}

function predecessorsOf(graph: HeapGraph, { nodeOf, numberOf }: Walk): Predecessors {
  const { firstEdge, edgeTo, edgeType } = graph
  const { atRoot, below } = holdingTypes(graph)
  const first = new Uint32Array(nodeOf.length + 1)
  const eachEdge = (visit: (from: number, to: number) => void): void => {
    for (let number = 0; number < nodeOf.length; number++) {
      const node = nodeOf[number] ?? 0
      const end = firstEdge[node + 1] ?? 0
      const holds = node === 0 ? atRoot : below
      for (let edge = firstEdge[node] ?? 0; edge < end; edge++) {
        if (holds[edgeType[edge] ?? 0] === true) visit(number, numberOf[edgeTo[edge] ?? 0] ?? 0)
      }
    }
  }
  eachEdge((_from, to) => {
    first[to] = (first[to] ?? 0) + 1
  })
  let total = 0
  for (let number = 0; number < first.length; number++) {
    total += first[number] ?? 0
    first[number] = total
  }
  const from = new Uint32Array(total)
  // Filled from the end of each range: afterwards `first` is its beginning.
  eachEdge((source, to) => {
    const place = (first[to] ?? 0) - 1
    first[to] = place
    from[place] = source
  })
  return { first, from }
}

function semiNca(parent: Uint32Array, { first, from }: Predecessors): Uint32Array {
  const count = parent.length
  const dominator = parent.slice()
  const semi = Uint32Array.from({ length: count }, (_, number) => number)
  const forest = new Forest(parent, semi)
  for (let number = count - 1; number > 0; number--) {
    let least = parent[number] ?? 0
    const end = first[number + 1] ?? 0
    for (let at = first[number] ?? 0; at < end; at++) {
      const candidate = semi[forest.best(from[at] ?? 0, number)] ?? 0
      if (candidate < least) least = candidate
    }
    semi[number] = least
  }
  for (let number = 1; number < count; number++) {
    let candidate = dominator[number] ?? 0
    while (candidate > (semi[number] ?? 0)) candidate = dominator[candidate] ?? 0
    dominator[number] = candidate
  }
  return dominator
}

/** The tree of the walk as far as it is done, with its paths cut short as they are asked for. */
class Forest {
  readonly #ancestor: Uint32Array
  readonly #best: Uint32Array
  readonly #semi: Uint32Array
  readonly #path: number[] = []

  constructor(parent: Uint32Array, semi: Uint32Array) {
    this.#ancestor = parent.slice()
    this.#best = semi.slice()
    this.#semi = semi
  }

  /** On the way up from `number` to what is not done yet (all up to `last`): the one with the least semidominator. */
  best(number: number, last: number): number {
    const ancestor = this.#ancestor
    const path = this.#path
    let top = number
    while ((ancestor[top] ?? 0) > last) {
      path.push(top)
      top = ancestor[top] ?? 0
    }
    for (let at = path.pop(); at !== undefined; at = path.pop()) {
      const above = this.#best[top] ?? 0
      if ((this.#semi[above] ?? 0) < (this.#semi[this.#best[at] ?? 0] ?? 0)) this.#best[at] = above
      ancestor[at] = ancestor[top] ?? 0
      top = at
    }
    return this.#best[number] ?? 0
  }
}
