/** The class histogram of a heap: how many of each constructor, what they weigh, what they hold. Pure but for its input. */
import { dominatorsOf, retainedOfNodes } from './dominators.js'
import type { DominatorTree } from './dominators.js'
import { ROOT_NAME, engineKind } from './engine-kinds.js'
import type { HeapGraph } from './graph.js'

/** One row of a histogram. */
export interface ClassRow {
  /** The constructor. */
  readonly className: string
  readonly count: number
  /** Bytes of these objects alone. */
  readonly shallowBytes: number
  /**
   * Bytes that would go with all of them, each counted once however they lie in one another. Null where it was not
   * asked for.
   */
  readonly retainedBytes: number | null
  /**
   * The one of them that retains the most; null where the heap was not walked, or retained bytes were not asked for; absent
   * in a result of an older version.
   */
  readonly largest?: LargestOfClass | null
}

/** The objects of one kind that is no class of JavaScript: strings, functions, and what V8 keeps for itself. */
interface EngineRow extends ClassRow {
  /** As V8's heap snapshots name it: `(string)`, `(closure)`, `(array)`, `(compiled code)`. */
  readonly className: string
  /** The same in words: `tables of arrays, Maps and objects`. */
  readonly what: string
}

/** The instance of a class that retains the most. */
interface LargestOfClass {
  readonly retainedBytes: number
  /**
   * How it is reached, in the words of the source: `bus._events.config`; null where no name is on the way. A string of
   * less than 16 KiB or a number that one object alone holds has the path of that object.
   */
  readonly path: string | null
  /** The script that `path` begins in; null where none is known. */
  readonly script: string | null
}

/** How the heap was read: by this library's own walk, or by V8's heap snapshot. */
type HistogramMethod = 'heap walk' | 'heap snapshot'

/** A class histogram; plain JSON. */
export interface ClassHistogram {
  readonly method: HistogramMethod
  /** Why V8's slow heap snapshot was taken; null where the walk was made. */
  readonly reason: string | null
  /** Classes of JavaScript, the largest first: by retained bytes, or by shallow ones where those are unknown. */
  readonly classes: readonly ClassRow[]
  /**
   * The objects of no class, the largest first, whatever the limit: with `classes` and `others` they are all there is. Absent in a
   * result of an older version, where `classes` has them.
   */
  readonly engine?: readonly EngineRow[]
  /** Classes that the limit left out, as one. */
  readonly others: { readonly classes: number; readonly count: number; readonly shallowBytes: number }
  /** Of all objects: those of `classes`, `engine` and `others`. */
  readonly total: { readonly nodes: number; readonly edges: number; readonly shallowBytes: number }
}

/** How {@link histogramOf} counts. */
export interface HistogramSettings {
  /** Classes of JavaScript. */
  readonly limit: number
  /** Whether retained bytes are found: twice the memory, three times the time. */
  readonly retained: boolean
}

/**
 * Rows of a histogram as it lists them: classes of JavaScript apart from what is of none, the largest first, and what the limit
 * leaves out as one. The root of all is no object, and no row.
 */
export function listed(
  rows: readonly ClassRow[],
  limit: number,
): Pick<ClassHistogram, 'classes' | 'engine' | 'others'> {
  const sorted = rows
    .filter(({ className }) => className !== ROOT_NAME)
    .sort((a, b) => (b.retainedBytes ?? b.shallowBytes) - (a.retainedBytes ?? a.shallowBytes))
  const classes = sorted.filter(({ className }) => engineKind(className) === null)
  const left = classes.slice(limit)
  return {
    classes: classes.slice(0, limit),
    engine: sorted.flatMap((row) => {
      const what = engineKind(row.className)
      return what === null ? [] : [{ ...row, what }]
    }),
    others: {
      classes: left.length,
      count: left.reduce((sum, row) => sum + row.count, 0),
      shallowBytes: left.reduce((sum, row) => sum + row.shallowBytes, 0),
    },
  }
}

/** Objects of a row: the roots are none. */
function countOf({ className, count }: ClassRow): number {
  return className === ROOT_NAME ? 0 : count
}

/** Counts the nodes of V8's own snapshot by class; `reason` says why there is no walk. */
export function histogramOf(
  graph: HeapGraph,
  { limit, retained }: HistogramSettings,
  reason: string | null = null,
): ClassHistogram {
  const classes = new Classes(graph)
  const count = new Float64Array(classes.size)
  const shallow = new Float64Array(classes.size)
  let total = 0
  for (let node = 0; node < graph.nodeCount; node++) {
    const at = classes.of(node)
    const bytes = graph.selfBytes[node] ?? 0
    count[at] = (count[at] ?? 0) + 1
    shallow[at] = (shallow[at] ?? 0) + bytes
    total += bytes
  }
  const held = retained ? retainedByClass(graph, classes, dominatorsOf(graph)) : null
  const rows = Array.from({ length: classes.size }, (_, at) => ({
    className: classes.nameOf(at),
    count: count[at] ?? 0,
    shallowBytes: shallow[at] ?? 0,
    retainedBytes: held === null ? null : (held[at] ?? 0),
    largest: null,
  }))
  return {
    method: 'heap snapshot',
    reason,
    ...listed(rows, limit),
    total: { nodes: rows.reduce((sum, row) => sum + countOf(row), 0), edges: graph.edgeCount, shallowBytes: total },
  }
}

/** Numbers for classes, given as they are met. */
class Classes {
  readonly #graph: HeapGraph
  /** Name, or type behind all names, → class number + 1. */
  readonly #numbers: Uint32Array
  readonly #keys: number[] = []
  readonly #hasNameOfItsOwn: readonly boolean[]

  constructor(graph: HeapGraph) {
    this.#graph = graph
    this.#numbers = new Uint32Array(graph.strings.count + graph.nodeTypes.length)
    this.#hasNameOfItsOwn = graph.nodeTypes.map((type) => type === 'object' || type === 'native')
    for (let node = 0; node < graph.nodeCount; node++) this.#number(node)
  }

  get size(): number {
    return this.#keys.length
  }

  of(node: number): number {
    return (this.#numbers[this.#key(node)] ?? 1) - 1
  }

  nameOf(at: number): string {
    const { strings, nodeTypes } = this.#graph
    const key = this.#keys[at] ?? 0
    if (key < strings.count) return strings.at(key) || '(unnamed)'
    const type = nodeTypes[key - strings.count] ?? ''
    return `(${type === 'code' ? 'compiled code' : type})`
  }

  #key(node: number): number {
    const { nodeType, nodeName, strings } = this.#graph
    const type = nodeType[node] ?? 0
    return this.#hasNameOfItsOwn[type] === true ? (nodeName[node] ?? 0) : strings.count + type
  }

  #number(node: number): void {
    const key = this.#key(node)
    if (this.#numbers[key] === 0) this.#numbers[key] = this.#keys.push(key)
  }
}

/** Down the tree of dominators: what lies in an object of its own class is held by that one already. */
function retainedByClass(graph: HeapGraph, classes: Classes, tree: DominatorTree): Float64Array {
  const { nodeOf, dominator } = tree
  const retained = retainedOfNodes(graph, tree)
  const sums = new Float64Array(classes.size)
  /** How many objects of each class are on the way down. */
  const open = new Uint32Array(classes.size)
  const { firstChild, nextSibling } = childrenOf(dominator)
  let at = 0
  for (;;) {
    const group = classes.of(nodeOf[at] ?? 0)
    if (open[group] === 0) sums[group] = (sums[group] ?? 0) + (retained[at] ?? 0)
    open[group] = (open[group] ?? 0) + 1
    let next = firstChild[at] ?? 0
    // Up until there is a sibling; number 0 is the root and nobody's child, so 0 means none.
    while (next === 0) {
      const left = classes.of(nodeOf[at] ?? 0)
      open[left] = (open[left] ?? 1) - 1
      if (at === 0) return sums
      next = nextSibling[at] ?? 0
      at = dominator[at] ?? 0
    }
    at = next
  }
}

function childrenOf(dominator: Uint32Array): { readonly firstChild: Uint32Array; readonly nextSibling: Uint32Array } {
  const firstChild = new Uint32Array(dominator.length)
  const nextSibling = new Uint32Array(dominator.length)
  for (let number = dominator.length - 1; number > 0; number--) {
    const at = dominator[number] ?? 0
    nextSibling[number] = firstChild[at] ?? 0
    firstChild[at] = number
  }
  return { firstChild, nextSibling }
}
