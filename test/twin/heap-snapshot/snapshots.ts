/** Heap snapshots as literals: a few nodes and edges, in the text that V8 would write. */

/** Type, name, bytes and edges of a node; it is number `id` of the list. */
export interface NodeLiteral {
  readonly type?: string
  readonly name?: string
  readonly bytes?: number
  readonly edges?: readonly (number | readonly [to: number, type: string])[]
}

const NODE_TYPES = ['hidden', 'array', 'string', 'object', 'code', 'closure', 'synthetic', 'native']
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak']

/** The JSON of a snapshot. `fields` are those of a node: versions of V8 have six or seven, in this order or another. */
export function snapshotJson(
  nodes: readonly NodeLiteral[],
  fields = ['type', 'name', 'id', 'self_size', 'edge_count', 'trace_node_id', 'detachedness'],
): string {
  const strings: string[] = ['']
  const text = (value: string): number => {
    const index = strings.indexOf(value)
    return index === -1 ? strings.push(value) - 1 : index
  }
  const edges = nodes.flatMap((node) =>
    (node.edges ?? []).flatMap((edge) => {
      const [to, type] = typeof edge === 'number' ? [edge, 'property'] : edge
      return [EDGE_TYPES.indexOf(type), text('edge'), to * fields.length]
    }),
  )
  const rows = nodes.flatMap((node, index) => {
    const values: Readonly<Record<string, number>> = {
      type: NODE_TYPES.indexOf(node.type ?? 'object'),
      name: text(node.name ?? 'Object'),
      id: 2 * index + 1,
      self_size: node.bytes ?? 1,
      edge_count: node.edges?.length ?? 0,
    }
    return fields.map((field) => values[field] ?? 0)
  })
  return JSON.stringify({
    snapshot: {
      meta: {
        node_fields: fields,
        node_types: [NODE_TYPES, 'string', 'number', 'number', 'number', 'number', 'number'],
        edge_fields: ['type', 'name_or_index', 'to_node'],
        edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
        location_fields: ['object_index', 'script_id', 'line', 'column'],
      },
      node_count: nodes.length,
      edge_count: edges.length / 3,
      trace_function_count: 0,
    },
    nodes: rows,
    edges,
    trace_function_infos: [],
    trace_tree: [],
    samples: [],
    locations: [],
    strings,
  })
}
