import { expect } from 'chai'
import { dominatorsOf, retainedOfNodes, SnapshotParser } from '../../helpers/internals/twin-heap-snapshot.js'
import type { HeapGraph } from '../../helpers/internals/twin-heap-snapshot.js'
import { snapshotJson } from './snapshots.js'
import type { NodeLiteral } from './snapshots.js'

function graphOf(nodes: readonly NodeLiteral[]): HeapGraph {
  const parser = new SnapshotParser()
  parser.write(Buffer.from(snapshotJson(nodes)))
  return parser.finish()
}

/** Node → its immediate dominator; null for what is not reached. */
function dominators(nodes: readonly NodeLiteral[]): (number | null)[] {
  const { nodeOf, dominator } = dominatorsOf(graphOf(nodes))
  const found: (number | null)[] = nodes.map(() => null)
  for (const [number, node] of nodeOf.entries()) found[node] = nodeOf[dominator[number] ?? 0] ?? null
  return found
}

/** Node → the bytes it holds. */
function retained(nodes: readonly NodeLiteral[]): number[] {
  const graph = graphOf(nodes)
  const tree = dominatorsOf(graph)
  const bytes = retainedOfNodes(graph, tree)
  return nodes.map((_, node) => bytes[tree.nodeOf.indexOf(node)] ?? NaN)
}

/** By its definition: what cannot be reached any more without it. */
function dominatorsByRemoval(nodes: readonly NodeLiteral[]): (number | null)[] {
  const reachable = (without: number): Set<number> => {
    const seen = new Set(without === 0 ? [] : [0])
    for (const node of seen) {
      for (const edge of nodes[node]?.edges ?? []) if (edge !== without) seen.add(edge as number)
    }
    return seen
  }
  const all = reachable(-1)
  const lost = nodes.map((_, node) => reachable(node))
  return nodes.map((_, node) => {
    if (!all.has(node)) return null
    // Of all that the node cannot be reached without, the immediate one can be reached last.
    const above = nodes.flatMap((__, other) =>
      other !== node && all.has(other) && lost[other]?.has(node) === false ? [other] : [],
    )
    return above.find((other) => above.every((third) => third === other || lost[third]?.has(other) === false)) ?? 0
  })
}

describe('the dominators of a heap', () => {
  it('are the holders in a tree', () => {
    expect(dominators([{ edges: [1, 2] }, { edges: [3] }, {}, {}])).to.deep.equal([0, 0, 0, 1])
  })

  it('are what two ways have in common', () => {
    expect(dominators([{ edges: [1] }, { edges: [2, 3] }, { edges: [4] }, { edges: [4] }, {}])).to.deep.equal([
      0, 0, 1, 1, 1,
    ])
  })

  it('are found through rings', () => {
    expect(dominators([{ edges: [1] }, { edges: [2] }, { edges: [3, 1] }, { edges: [1, 2] }])).to.deep.equal([
      0, 0, 1, 2,
    ])
  })

  it('do not go over weak edges', () => {
    expect(dominators([{ edges: [1] }, { edges: [[2, 'weak']] }, {}])).to.deep.equal([0, 0, null])
    expect(dominators([{ edges: [1, 3] }, { edges: [2] }, {}, { edges: [[2, 'weak']] }])).to.deep.equal([0, 0, 1, 0])
  })

  it('go over shortcuts at the root only', () => {
    expect(dominators([{ edges: [[1, 'shortcut'], 2] }, {}, { edges: [[3, 'shortcut']] }, {}])).to.deep.equal([
      0,
      0,
      0,
      null,
    ])
  })

  it('are none for an empty heap', () => {
    expect(dominators([])).to.deep.equal([])
  })

  it('are those of the definition in a thousand random graphs', () => {
    let seed = 1
    const random = (below: number): number => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    for (let round = 0; round < 1000; round++) {
      const size = 1 + random(12)
      const nodes = Array.from({ length: size }, () => ({
        edges: Array.from({ length: random(4) }, () => random(size)),
      }))
      expect(dominators(nodes), JSON.stringify(nodes)).to.deep.equal(dominatorsByRemoval(nodes))
    }
  })

  it('are found in a list of a million links', () => {
    const length = 1_000_000
    const { nodeTypes, edgeTypes, strings } = graphOf([{}])
    const graph: HeapGraph = {
      nodeCount: length,
      edgeCount: length - 1,
      nodeTypes,
      edgeTypes,
      strings,
      nodeType: new Uint8Array(length),
      nodeName: new Uint32Array(length),
      nodeId: new Uint32Array(length),
      selfBytes: new Uint32Array(length).fill(1),
      firstEdge: Uint32Array.from({ length: length + 1 }, (_, node) => Math.min(node, length - 1)),
      edgeType: new Uint8Array(length - 1).fill(edgeTypes.indexOf('property')),
      edgeName: new Uint32Array(length - 1),
      edgeTo: Uint32Array.from({ length: length - 1 }, (_, edge) => edge + 1),
    }
    expect(retainedOfNodes(graph, dominatorsOf(graph))[0]).to.equal(length)
  })
})

describe('retained bytes', () => {
  it('are an object with all that is held through it alone', () => {
    const nodes = [
      { bytes: 1, edges: [1, 2] },
      { bytes: 10, edges: [3, 4] },
      { bytes: 100, edges: [4] },
      { bytes: 1000 },
      { bytes: 10_000 },
    ]
    expect(retained(nodes)).to.deep.equal([11_111, 1010, 100, 1000, 10_000])
  })
})
