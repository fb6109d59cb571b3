import { expect } from 'chai'
import type { HeapGraph } from '../../helpers/internals/twin-heap-snapshot.js'
import { SnapshotParser } from '../../helpers/internals/twin-heap-snapshot.js'
import { snapshotJson } from './snapshots.js'

const NODES = [
  { type: 'synthetic', name: '', bytes: 0, edges: [1, 2] },
  {
    name: 'UserStore',
    bytes: 96,
    edges: [
      [2, 'internal'],
      [1, 'weak'],
    ] as const,
  },
  { type: 'array', name: '(table "of" users) \u00e9\u2028', bytes: 4096 },
]

function parsed(json: string, chunkBytes = Infinity): HeapGraph {
  const bytes = Buffer.from(json)
  const parser = new SnapshotParser()
  for (let at = 0; at < bytes.length; at += chunkBytes) parser.write(bytes.subarray(at, at + chunkBytes))
  return parser.finish()
}

/** The figures of a graph, without its tables. */
function contents(graph: HeapGraph): unknown {
  const node = (index: number): unknown => ({
    type: graph.nodeTypes[graph.nodeType[index] ?? -1],
    name: graph.strings.at(graph.nodeName[index] ?? -1),
    id: graph.nodeId[index],
    bytes: graph.selfBytes[index],
    edges: Array.from(
      { length: (graph.firstEdge[index + 1] ?? 0) - (graph.firstEdge[index] ?? 0) },
      (_, at) => (graph.firstEdge[index] ?? 0) + at,
    ).map((edge) => [graph.edgeTypes[graph.edgeType[edge] ?? -1], graph.edgeTo[edge]]),
  })
  return Array.from({ length: graph.nodeCount }, (_, index) => node(index))
}

describe('SnapshotParser', () => {
  const whole = contents(parsed(snapshotJson(NODES)))

  it('reads types, names, ids, sizes and edges', () => {
    expect(whole).to.deep.equal([
      {
        type: 'synthetic',
        name: '',
        id: 1,
        bytes: 0,
        edges: [
          ['property', 1],
          ['property', 2],
        ],
      },
      {
        type: 'object',
        name: 'UserStore',
        id: 3,
        bytes: 96,
        edges: [
          ['internal', 2],
          ['weak', 1],
        ],
      },
      { type: 'array', name: '(table "of" users) \u00e9\u2028', id: 5, bytes: 4096, edges: [] },
    ])
  })

  for (const bytes of [1, 2, 7, 64]) {
    it(`reads the same from chunks of ${String(bytes)} bytes`, () => {
      expect(contents(parsed(snapshotJson(NODES), bytes))).to.deep.equal(whole)
    })
  }

  it('looks its fields up by name, since versions of V8 have others', () => {
    const fields = ['name', 'type', 'self_size', 'edge_count', 'something_new', 'id']
    expect(contents(parsed(snapshotJson(NODES, fields)))).to.deep.equal(whole)
  })

  it('reads escaped characters as V8 writes them', () => {
    const json = snapshotJson([{ name: 'NAME' }]).replace('NAME', String.raw`a\u00e9\u2192\n\"\\\ud83d`)
    expect(parsed(json).strings.at(1)).to.equal('a\u00e9\u2192\n"\\?')
  })

  it('cuts long texts and keeps the next one whole', () => {
    const graph = parsed(snapshotJson([{ name: 'x'.repeat(100_000) }, { name: 'next' }]))
    expect(graph.strings.at(1)).to.have.length(160)
    expect(graph.strings.at(2)).to.equal('next')
  })

  it('does not take a key in a skipped section for its own', () => {
    const json = snapshotJson(NODES).replace('"trace_tree":[]', '"trace_tree":[{"nodes":["}]",[1]]}]')
    expect(contents(parsed(json))).to.deep.equal(whole)
  })

  it('gives more texts than its first table has place for', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => ({ name: `class ${String(index)}` }))
    const graph = parsed(snapshotJson(nodes))
    expect(graph.strings.at(graph.nodeName[19_999] ?? 0)).to.equal('class 19999')
    expect(graph.strings.at(1_000_000)).to.equal('')
  })

  const json = snapshotJson(NODES)
  const withFirstEdge = (to: number): string => json.replace(/("edges":\[\d+,\d+,)\d+/, `$1${to}`)
  const MALFORMED: readonly [what: string, text: string][] = [
    ['nothing', ''],
    ['something else', 'hello'],
    ['an empty object', '{}'],
    ['a half', json.slice(0, json.length / 2)],
    ['all but the end', json.slice(0, -1)],
    ['a description without fields', '{"snapshot":{"node_count":1,"edge_count":0}}'],
    ['a description that is no JSON', '{"snapshot":{"meta":}}'],
    ['a count that is none', json.replace('"node_count":3', '"node_count":-3')],
    ['a count that asks for all memory', json.replace('"node_count":3', '"node_count":9e15')],
    ['fewer nodes than it says', json.replace('"node_count":3', '"node_count":4')],
    ['more nodes than it says', json.replace('"node_count":3', '"node_count":2')],
    ['more edges than it says', json.replace('"edge_count":4', '"edge_count":3')],
    ['an edge to the middle of a node', withFirstEdge(8)],
    ['an edge to nowhere', withFirstEdge(700)],
    ['a negative number', withFirstEdge(-7)],
    ['a missing field', json.replace('"self_size"', '"size"')],
    ['its numbers before its description', json.replace('{"snapshot"', '{"nodes":[1],"snapshot"')],
  ]
  for (const [what, text] of MALFORMED) {
    it(`refuses ${what}`, () => {
      expect(() => parsed(text)).to.throw('ERR_HEAP_SNAPSHOT_FORMAT: the heap snapshot was not understood: ')
    })
  }
})
