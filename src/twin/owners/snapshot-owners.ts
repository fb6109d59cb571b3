/**
 * Owners by V8's own heap snapshot, where the heap cannot be walked: the tree of dominators cut into pieces, as
 * native/heap-owners.c does it. Pure.
 *
 * Rule: what the snapshot does not say (what waits, what each package costs, how many entries) is left out, never guessed.
 */
import type { HeapOwners, RawOwner } from '../../allocator/heap-walk.js'
import { dominatorsOf, retainedOfNodes } from '../heap-snapshot/dominators.js'
import type { DominatorTree } from '../heap-snapshot/dominators.js'
import type { HeapGraph } from '../heap-snapshot/graph.js'
import { SnapshotPaths } from './snapshot-paths.js'

/** An owner with the number that V8 gives its object; null of a group. */
export interface SnapshotOwner extends RawOwner {
  readonly heapId: number | null
}

/** All of a heap by its owners, and by the ids of objects that are to be recognised. */
export interface SnapshotOwners extends Omit<HeapOwners, 'owners'> {
  readonly owners: readonly SnapshotOwner[]
}

const NAMED_TYPES: ReadonlySet<string> = new Set(['object', 'closure', 'regexp'])
/** A link of a list is part of the whole: the dominators so far up may be of the same class, with tables between. */
const STEPS_OF_A_KIND = 4

/** The owners that alone keep at least so many bytes; `known` are V8's ids of objects. */
export function snapshotOwners(
  graph: HeapGraph,
  known: readonly (number | null)[],
  leastBytes: number,
): SnapshotOwners {
  const tree = dominatorsOf(graph)
  const pieces = new Pieces(graph, tree, leastBytes)
  const paths = new SnapshotPaths(graph)
  const cut = pieces.cut()
  const single = cut.map(({ number, ...bytes }): SnapshotOwner => {
    const node = tree.nodeOf[number] ?? 0
    return {
      ...NOTHING_MORE,
      ...paths.to(node),
      ...bytes,
      className: pieces.classOf(number),
      heapId: graph.nodeId[node] ?? null,
      instances: 1,
      partOf: pieces.above(number, (at) => cut.findIndex((owner) => owner.number === at)),
      known: pieces.aboveOrSelf(number, (at) => known.indexOf(graph.nodeId[tree.nodeOf[at] ?? 0] ?? -1)),
    }
  })
  const groups = pieces.groups().map(({ className, count, ...bytes }): SnapshotOwner => {
    return {
      ...NOTHING_MORE,
      ...bytes,
      className,
      path: '',
      script: '',
      heapId: null,
      instances: count,
      partOf: -1,
      known: -1,
    }
  })
  const owners = [...single, ...groups]
  const totalBytes = pieces.totalBytes
  const ownedBytes = owners.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
  const ownedMemory = owners.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
  const memoryBytes = pieces.memoryBytes - ownedMemory
  return {
    objectBytes: totalBytes - pieces.memoryBytes,
    totalBytes,
    readOnlyBytes: 0,
    mappedBytes: -1,
    tableBytes: 0,
    restBytes: totalBytes - ownedBytes,
    owners,
    holders: [],
    shared: [],
    parts: [
      { script: '', kind: 0, count: 0, heapBytes: totalBytes - ownedBytes - memoryBytes, memoryBytes, ownedBytes },
    ],
    items: [],
  }
}

const NOTHING_MORE = {
  label: '',
  item: 0,
  siteName: '',
  siteScript: '',
  siteLine: 0,
  functions: 0,
  kindBytes: [],
  entries: -1,
}

interface Piece {
  readonly number: number
  readonly ownBytes: number
  readonly memoryBytes: number
}

class Pieces {
  readonly #graph: HeapGraph
  readonly #tree: DominatorTree
  readonly #leastBytes: number
  readonly #retained: Float64Array
  readonly #outside: Float64Array
  readonly #cut: Float64Array
  readonly #cutOutside: Float64Array
  readonly #isOwner: Uint8Array

  constructor(graph: HeapGraph, tree: DominatorTree, leastBytes: number) {
    const count = tree.nodeOf.length
    this.#graph = graph
    this.#tree = tree
    this.#leastBytes = leastBytes
    this.#retained = retainedOfNodes(graph, tree)
    this.#outside = Float64Array.from({ length: count }, (_, number) => this.#outsideOf(number))
    this.#cut = new Float64Array(count)
    this.#cutOutside = new Float64Array(count)
    this.#isOwner = new Uint8Array(count)
  }

  get totalBytes(): number {
    return this.#retained[0] ?? 0
  }

  get memoryBytes(): number {
    return this.#outside[0] ?? 0
  }

  /** From the leaves to the root: a piece that is large enough stays with its owner, a smaller one is its dominator's. */
  cut(): Piece[] {
    const owners: Piece[] = []
    for (let number = this.#tree.nodeOf.length - 1; number > 0; number--) {
      const above = this.#tree.dominator[number] ?? 0
      const bytes = this.#pieceOf(number)
      const isOwner = bytes >= this.#leastBytes && this.#hasName(number) && !this.#goesOn(number)
      if (isOwner) {
        this.#isOwner[number] = 1
        owners.push({ number, ownBytes: bytes, memoryBytes: this.#outsidePiece(number) })
      }
      add(this.#outside, above, this.#outside[number])
      add(this.#cut, above, isOwner ? this.#retained[number] : this.#cut[number])
      add(this.#cutOutside, above, isOwner ? this.#outside[number] : this.#cutOutside[number])
    }
    return owners
  }

  /** Small pieces of one class that no object holds alone, where they are large together. */
  groups(): { className: string; count: number; ownBytes: number; memoryBytes: number }[] {
    const groups = new Map<string, { className: string; count: number; ownBytes: number; memoryBytes: number }>()
    for (let number = 1; number < this.#tree.nodeOf.length; number++) {
      if (this.#isOwner[number] === 1 || !this.#isHeldByRoots(number) || !this.#hasName(number)) continue
      const className = this.classOf(number)
      const group = groups.get(className) ?? { className, count: 0, ownBytes: 0, memoryBytes: 0 }
      group.count++
      group.ownBytes += this.#pieceOf(number)
      group.memoryBytes += this.#outsidePiece(number)
      groups.set(className, group)
    }
    return [...groups.values()].filter(({ ownBytes }) => ownBytes >= this.#leastBytes)
  }

  classOf(number: number): string {
    const { nodeName, strings } = this.#graph
    return this.#typeOf(number) === 'closure' ? '(closure)' : strings.at(nodeName[this.#nodeAt(number)] ?? 0)
  }

  /** The answer of `find` for the nearest dominator of which it says something, else -1. */
  above(number: number, find: (number: number) => number): number {
    return this.aboveOrSelf(this.#tree.dominator[number] ?? 0, find)
  }

  aboveOrSelf(number: number, find: (number: number) => number): number {
    for (let at = number; at !== 0; at = this.#tree.dominator[at] ?? 0) {
      const found = find(at)
      if (found >= 0) return found
    }
    return -1
  }

  #pieceOf(number: number): number {
    return (this.#retained[number] ?? 0) - (this.#cut[number] ?? 0)
  }

  #outsidePiece(number: number): number {
    return (this.#outside[number] ?? 0) - (this.#cutOutside[number] ?? 0)
  }

  /** The memory of an ArrayBuffer is a node by itself. */
  #outsideOf(number: number): number {
    const node = this.#nodeAt(number)
    return this.#typeOf(number) === 'native' ? (this.#graph.selfBytes[node] ?? 0) : 0
  }

  #hasName(number: number): boolean {
    if (!NAMED_TYPES.has(this.#typeOf(number))) return false
    const name = this.classOf(number)
    return !name.startsWith('system / ') || name === 'system / Context'
  }

  #goesOn(number: number): boolean {
    const name = this.classOf(number)
    let above = this.#tree.dominator[number] ?? 0
    for (let step = 0; step < STEPS_OF_A_KIND && above !== 0; step++, above = this.#tree.dominator[above] ?? 0) {
      if (this.#typeOf(above) === this.#typeOf(number) && this.classOf(above) === name) return true
    }
    return false
  }

  #isHeldByRoots(number: number): boolean {
    let above = this.#tree.dominator[number] ?? 0
    while (above !== 0 && this.#typeOf(above) === 'synthetic') above = this.#tree.dominator[above] ?? 0
    return above === 0
  }

  #nodeAt(number: number): number {
    return this.#tree.nodeOf[number] ?? 0
  }

  #typeOf(number: number): string {
    const { nodeTypes, nodeType } = this.#graph
    return nodeTypes[nodeType[this.#nodeAt(number)] ?? 0] ?? ''
  }
}

function add(column: Float64Array, number: number, bytes = 0): void {
  if (bytes !== 0) column[number] = (column[number] ?? 0) + bytes
}
