/**
 * A heap snapshot in memory: nodes and edges as columns of numbers, names as bytes.
 *
 * Rule: nothing here is an object per node. A heap of 1 GB can have twenty million nodes and three times as many
 * edges: 17 bytes a node, 9 an edge, and no JavaScript object for either.
 */

/** The columns. Nodes are numbered from 0, which is the root. */
export interface HeapGraph {
  readonly nodeCount: number
  readonly edgeCount: number
  readonly nodeTypes: readonly string[]
  readonly edgeTypes: readonly string[]
  /** Index into `nodeTypes`. */
  readonly nodeType: Uint8Array
  /** Index into `strings`. */
  readonly nodeName: Uint32Array
  /** V8's id of the object, the same that `HeapProfiler.getHeapObjectId` tells. */
  readonly nodeId: Uint32Array
  /** Bytes of the object alone; more than 4 GiB in one object is cut to that. */
  readonly selfBytes: Uint32Array
  /** Edges of node n are those from `firstEdge[n]` to before `firstEdge[n + 1]`. */
  readonly firstEdge: Uint32Array
  /** Index into `edgeTypes`. */
  readonly edgeType: Uint8Array
  /** Of an element, and of what V8 hides, a number; else an index into `strings`. */
  readonly edgeName: Uint32Array
  /** The node that an edge leads to. */
  readonly edgeTo: Uint32Array
  readonly strings: StringTable
}

/** Texts of a snapshot, cut short: names are what is needed, not the contents of a service's strings. */
export class StringTable {
  #bytes = new Uint8Array(1 << 16)
  #starts = new Uint32Array(1 << 12)
  #count = 0
  #length = 0

  get count(): number {
    return this.#count
  }

  /** Appends one text, given as its first bytes in Latin-1. */
  add(bytes: Uint8Array, length: number): void {
    if (this.#length + length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length))
      wider.set(this.#bytes)
      this.#bytes = wider
    }
    if (this.#count + 2 > this.#starts.length) {
      const longer = new Uint32Array(2 * this.#starts.length)
      longer.set(this.#starts)
      this.#starts = longer
    }
    this.#bytes.set(bytes.subarray(0, length), this.#length)
    this.#length += length
    this.#starts[++this.#count] = this.#length
  }

  /** The text at `index`; empty where there is none. */
  at(index: number): string {
    if (index >= this.#count) return ''
    return Buffer.from(
      this.#bytes.buffer,
      this.#starts[index] ?? 0,
      (this.#starts[index + 1] ?? 0) - (this.#starts[index] ?? 0),
    ).toString('utf8')
  }
}
