/** A snapshot's own fields: versions of V8 add some, so they are looked up by name. Pure. */
import { CacheAttributionError, messageOf } from '../../support/errors.js'

/** Places of the fields that are needed, and how many there are. */
export interface SnapshotLayout {
  readonly nodeCount: number
  readonly edgeCount: number
  readonly nodeFields: number
  readonly edgeFields: number
  readonly nodeTypes: readonly string[]
  readonly edgeTypes: readonly string[]
  readonly node: {
    readonly type: number
    readonly name: number
    readonly id: number
    readonly self: number
    readonly edges: number
  }
  readonly edge: { readonly type: number; readonly name: number; readonly to: number }
}

/** V8 allows no more nodes than this in one heap; it keeps a false count from asking for all memory. */
const COUNT_MAX = 2 ** 31

/**
 * Reads the `snapshot` object.
 *
 * @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_FORMAT`
 */
export function layoutOf(json: string): SnapshotLayout {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (error) {
    throw malformed(messageOf(error))
  }
  const snapshot = new Section(parsed)
  const meta = snapshot.section('meta')
  const nodeFields = meta.names('node_fields')
  const edgeFields = meta.names('edge_fields')
  return {
    nodeCount: snapshot.count('node_count'),
    edgeCount: snapshot.count('edge_count'),
    nodeFields: nodeFields.length,
    edgeFields: edgeFields.length,
    nodeTypes: meta.typeNames('node_types'),
    edgeTypes: meta.typeNames('edge_types'),
    node: {
      type: placeOf('type', nodeFields),
      name: placeOf('name', nodeFields),
      id: placeOf('id', nodeFields),
      self: placeOf('self_size', nodeFields),
      edges: placeOf('edge_count', nodeFields),
    },
    edge: {
      type: placeOf('type', edgeFields),
      name: placeOf('name_or_index', edgeFields),
      to: placeOf('to_node', edgeFields),
    },
  }
}

/** A JSON object, read with checks. */
class Section {
  readonly #members: Readonly<Record<string, unknown>>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw malformed('its description is no object')
    this.#members = value as Record<string, unknown>
  }

  section(name: string): Section {
    return new Section(this.#members[name])
  }

  count(name: string): number {
    const value = this.#members[name]
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > COUNT_MAX) {
      throw malformed(`"${name}" is no count`)
    }
    return value as number
  }

  names(name: string): string[] {
    return namesIn(this.#members[name], name)
  }

  /** The names stand first, for the field `type`. */
  typeNames(name: string): string[] {
    const value = this.#members[name]
    return namesIn(Array.isArray(value) ? value[0] : undefined, name)
  }
}

function namesIn(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    throw malformed(`"${name}" is no list of names`)
  }
  return value
}

function placeOf(field: string, fields: readonly string[]): number {
  const place = fields.indexOf(field)
  if (place === -1) throw malformed(`it has no field "${field}"`)
  return place
}

/** The refusal of a text that is no heap snapshot as V8 writes them. */
export function malformed(problem: string): CacheAttributionError {
  return new CacheAttributionError('ERR_HEAP_SNAPSHOT_FORMAT', `the heap snapshot was not understood: ${problem}`)
}
