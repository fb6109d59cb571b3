/** From the numbers of a snapshot, one after the other, to the columns of a graph. Pure. */
import type { HeapGraph, StringTable } from './graph.js'
import { malformed } from './layout.js'
import type { SnapshotLayout } from './layout.js'

/** The columns while they are filled. */
export class SnapshotColumns {
  readonly #layout: SnapshotLayout
  readonly #nodeType: Uint8Array
  readonly #nodeName: Uint32Array
  readonly #nodeId: Uint32Array
  readonly #selfBytes: Uint32Array
  readonly #firstEdge: Uint32Array
  readonly #edgeType: Uint8Array
  readonly #edgeName: Uint32Array
  readonly #edgeTo: Uint32Array
  #isNodes = true
  #field = 0
  #nodes = 0
  #edges = 0
  #edgesAnnounced = 0

  constructor(layout: SnapshotLayout) {
    const { nodeCount, edgeCount } = layout
    this.#layout = layout
    this.#nodeType = new Uint8Array(nodeCount)
    this.#nodeName = new Uint32Array(nodeCount)
    this.#nodeId = new Uint32Array(nodeCount)
    this.#selfBytes = new Uint32Array(nodeCount)
    this.#firstEdge = new Uint32Array(nodeCount + 1)
    this.#edgeType = new Uint8Array(edgeCount)
    this.#edgeName = new Uint32Array(edgeCount)
    this.#edgeTo = new Uint32Array(edgeCount)
  }

  begin(section: 'nodes' | 'edges'): void {
    this.#isNodes = section === 'nodes'
    this.#field = 0
  }

  push(value: number): void {
    if (this.#isNodes) this.#pushNode(value)
    else this.#pushEdge(value)
  }

  #pushNode(value: number): void {
    const { node, nodeFields, nodeCount } = this.#layout
    const at = this.#nodes
    if (at >= nodeCount) throw malformed('it has more nodes than it says')
    if (this.#field === node.type) this.#nodeType[at] = value
    else if (this.#field === node.name) this.#nodeName[at] = value
    else if (this.#field === node.id) this.#nodeId[at] = value
    else if (this.#field === node.self) this.#selfBytes[at] = Math.min(value, 0xffffffff)
    else if (this.#field === node.edges) {
      this.#edgesAnnounced += value
      this.#firstEdge[at + 1] = this.#edgesAnnounced
    }
    if (++this.#field === nodeFields) {
      this.#field = 0
      this.#nodes++
    }
  }

  #pushEdge(value: number): void {
    const { edge, edgeFields, edgeCount, nodeFields, nodeCount } = this.#layout
    const at = this.#edges
    if (at >= edgeCount) throw malformed('it has more edges than it says')
    if (this.#field === edge.type) this.#edgeType[at] = value
    else if (this.#field === edge.name) this.#edgeName[at] = value
    else if (this.#field === edge.to) {
      const to = value / nodeFields
      if (!Number.isInteger(to) || to >= nodeCount) throw malformed(`an edge leads to ${String(value)}`)
      this.#edgeTo[at] = to
    }
    if (++this.#field === edgeFields) {
      this.#field = 0
      this.#edges++
    }
  }

  graph({ nodeCount, edgeCount, nodeTypes, edgeTypes }: SnapshotLayout, strings: StringTable): HeapGraph {
    if (this.#nodes !== nodeCount || this.#edges !== edgeCount || this.#edgesAnnounced !== edgeCount) {
      throw malformed(`it has ${String(this.#nodes)} nodes and ${String(this.#edges)} edges, and says otherwise`)
    }
    return {
      nodeCount,
      edgeCount,
      nodeTypes,
      edgeTypes,
      nodeType: this.#nodeType,
      nodeName: this.#nodeName,
      nodeId: this.#nodeId,
      selfBytes: this.#selfBytes,
      firstEdge: this.#firstEdge,
      edgeType: this.#edgeType,
      edgeName: this.#edgeName,
      edgeTo: this.#edgeTo,
      strings,
    }
  }
}
