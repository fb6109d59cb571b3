/**
 * How a node of V8's heap snapshot is reached, in the words of the source. Pure.
 *
 * Rule: as the walk of the heap tells it (native/heap-paths.c), from the names that V8 gives edges: a variable, a global
 * property or an export says by itself where it is, and a path begins there.
 */
import type { HeapGraph } from '../heap-snapshot/graph.js'

/** A path and the script that it begins in; empty where there is none. */
export interface SnapshotPath {
  readonly path: string
  readonly script: string
}

const NOWHERE = 0xffffffff
/** V8's own books: what they point at is held elsewhere, if it is held. */
const DULL_TYPES: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape', 'synthetic'])
/** Lists of what is to be called later say when, and not where. */
const LATER: ReadonlySet<string> = new Set(['TimersList', 'Timeout', 'Immediate', 'ImmediateList', 'PriorityQueue'])

/** The shortest way to each node that leads through no books of V8's, or else the shortest. */
export class SnapshotPaths {
  readonly #graph: HeapGraph
  /** Node → the edge by which it is reached first. */
  readonly #by: Uint32Array
  /** Edge → its node, found from the ranges of edges. */
  readonly #globals = new Set<number>()

  constructor(graph: HeapGraph) {
    this.#graph = graph
    this.#by = new Uint32Array(graph.nodeCount).fill(NOWHERE)
    const root = this.#edgesOf(0)
    for (const edge of root) if (this.#typeOf(edge) === 'shortcut') this.#globals.add(graph.edgeTo[edge] ?? 0)
    this.#search()
  }

  /** The path to a node. */
  to(node: number): SnapshotPath {
    const steps: { readonly from: number; readonly edge: number }[] = []
    for (let at = node; at !== 0 && steps.length < STEPS_MAX;) {
      const edge = this.#by[at] ?? NOWHERE
      if (edge === NOWHERE) break
      const from = this.#ownerOf(edge)
      steps.push({ from, edge })
      at = from
    }
    let path = ''
    let script = ''
    let last = ''
    for (const { from, edge } of steps.reverse()) {
      const of = this.#scriptOf(from)
      if (of !== '') script = of
      const { segment, begins } = this.#segment(from, edge)
      if (begins) path = last = ''
      if (begins && this.#globals.has(from)) script = ''
      if (segment !== '' && segment !== last) path = joined(path, segment)
      if (segment !== '') last = segment
    }
    return { path, script }
  }

  #search(): void {
    const { nodeCount } = this.#graph
    const queue = new Uint32Array(nodeCount)
    const later: number[] = [0]
    let [head, tail] = [0, 0]
    for (const global of this.#globals) queue[tail++] = global
    for (const edge of this.#edgesOf(0)) {
      const to = this.#graph.edgeTo[edge] ?? 0
      if (this.#globals.has(to)) this.#by[to] = edge
    }
    for (let round = 0; round < 2; round++) {
      while (head < tail) {
        const node = queue[head++] ?? 0
        if (round === 0 && this.#isDull(node)) later.push(node)
        else tail = this.#follow(node, queue, tail)
      }
      head = tail = 0
      if (round === 0) for (const node of later) queue[tail++] = node
    }
  }

  #follow(node: number, queue: Uint32Array, end: number): number {
    const { edgeTo, firstEdge } = this.#graph
    let tail = end
    const last = firstEdge[node + 1] ?? 0
    for (let edge = firstEdge[node] ?? 0; edge < last; edge++) {
      const to = edgeTo[edge] ?? 0
      if (to === 0 || this.#by[to] !== NOWHERE || this.#typeOf(edge) === 'weak') continue
      this.#by[to] = edge
      queue[tail++] = to
    }
    return tail
  }

  #isDull(node: number): boolean {
    const { nodeTypes, nodeType } = this.#graph
    const type = nodeTypes[nodeType[node] ?? 0] ?? ''
    return DULL_TYPES.has(type) || (type === 'object' && LATER.has(this.#nameOf(node)))
  }

  #segment(from: number, edge: number): { readonly segment: string; readonly begins: boolean } {
    const { edgeName, strings } = this.#graph
    const name = edgeName[edge] ?? 0
    switch (this.#typeOf(edge)) {
      case 'context':
        return { segment: strings.at(name), begins: true }
      case 'element':
        return { segment: '[*]', begins: false }
      case 'property': {
        const property = strings.at(name)
        if (property === '__proto__' || property === '') return NO_SEGMENT
        if (this.#globals.has(from)) return { segment: property, begins: true }
        return {
          segment: /^[\p{ID_Start}$_#][\p{ID_Continue}$]*$/u.test(property)
            ? `.${property}`
            : `[${JSON.stringify(property)}]`,
          begins: false,
        }
      }
      case 'internal':
        return strings.at(name) === 'table' ? { segment: '[*]', begins: false } : NO_SEGMENT
      default:
        return NO_SEGMENT
    }
  }

  /** Of a closure: the name of its Script, by way of what V8 keeps of its function. */
  #scriptOf(node: number): string {
    const { nodeTypes, nodeType } = this.#graph
    if (nodeTypes[nodeType[node] ?? 0] !== 'closure') return ''
    const shared = this.#target(node, (name) => name === 'shared')
    const script = shared === null ? null : this.#target(shared, (name) => name.startsWith('script'))
    return script === null ? '' : this.#nameOf(script)
  }

  #target(node: number, isNamed: (name: string) => boolean): number | null {
    const { edgeName, edgeTo, strings } = this.#graph
    for (const edge of this.#edgesOf(node)) {
      if (this.#typeOf(edge) === 'internal' && isNamed(strings.at(edgeName[edge] ?? 0))) return edgeTo[edge] ?? null
    }
    return null
  }

  #typeOf(edge: number): string {
    const { edgeTypes, edgeType } = this.#graph
    return edgeTypes[edgeType[edge] ?? 0] ?? ''
  }

  #nameOf(node: number): string {
    const { nodeName, strings } = this.#graph
    return strings.at(nodeName[node] ?? 0)
  }

  /** Edges lie in the order of their nodes. */
  #ownerOf(edge: number): number {
    const { firstEdge, nodeCount } = this.#graph
    let [low, high] = [0, nodeCount - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((firstEdge[middle] ?? 0) <= edge) low = middle
      else high = middle - 1
    }
    return low
  }

  #edgesOf(node: number): number[] {
    const { firstEdge } = this.#graph
    const first = firstEdge[node] ?? 0
    return Array.from({ length: (firstEdge[node + 1] ?? first) - first }, (_, index) => first + index)
  }
}

const STEPS_MAX = 4096
const NO_SEGMENT = { segment: '', begins: false }

function joined(path: string, segment: string): string {
  if (path === '') return segment.startsWith('.') ? segment.slice(1) : segment
  return segment.startsWith('.') || segment.startsWith('[') ? path + segment : `${path} › ${segment}`
}
