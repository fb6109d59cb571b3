/** The changes from one report to another: caches, what no cache holds, and owners that nobody registered. Pure. */
import { QUANTITIES } from '../measure/figures.js'
import type { ByQuantity } from '../measure/figures.js'
import { ownerSizes } from './discovery/owner-sizes.js'
import type { AttributionReport } from './types.js'
import { knownBytes, wholeOf } from './whole.js'

/** One line of the difference, in bytes; null is not known. */
export interface Change {
  readonly name: string
  readonly before: number | null
  readonly after: number | null
  readonly change: number | null
  /** Half-width of the change's 95 % interval; null where one of both has none. */
  readonly uncertainty: number | null
  readonly entriesBefore: number | null
  readonly entriesAfter: number | null
}

const FLOOR_PARTS: ByQuantity<string> = { allocatedBytes: 'allocator', heapBytes: 'JS heap', mappedBytes: 'mapped' }

/** Caches by how much they changed, then the floor. */
export function changesBetween(before: AttributionReport, after: AttributionReport): Change[] {
  const names = [...new Set([...before.caches, ...after.caches].map(({ name }) => name))]
  const rows = names.map((name): Change => {
    const [old, fresh] = [before, after].map((report) => report.caches.find((row) => row.name === name))
    const [oldSize, freshSize] = [sizeOf(old, before.mode), sizeOf(fresh, after.mode)]
    return {
      name,
      before: oldSize.bytes,
      after: freshSize.bytes,
      change: oldSize.bytes === null || freshSize.bytes === null ? null : freshSize.bytes - oldSize.bytes,
      uncertainty:
        oldSize.error === null || freshSize.error === null ? null : Math.hypot(oldSize.error, freshSize.error),
      entriesBefore: old?.entriesBefore ?? null,
      entriesAfter: fresh?.entriesBefore ?? null,
    }
  })
  // Most services map nothing: a line of nothing would only stand in the way.
  const hasMapped = [before, after].some(({ floor }) => (floor.mappedBytes ?? 0) !== 0)
  const parts = QUANTITIES.filter((part) => part !== 'mappedBytes' || hasMapped)
  const floors = parts.map((part): Change => {
    const [old, fresh] = [before.floor[part], after.floor[part]]
    return {
      name: `(floor, ${FLOOR_PARTS[part]})`,
      before: old,
      after: fresh,
      change: old === null || fresh === null ? null : fresh - old,
      uncertainty: null,
      entriesBefore: null,
      entriesAfter: null,
    }
  })
  return [...byChange(rows), ...floors]
}

function byChange(changes: readonly Change[]): Change[] {
  return changes.toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
}

/** An owner that one of both does not list is unknown there: only the largest are listed. */
export function ownerChanges(before: AttributionReport, after: AttributionReport): Change[] {
  const [old, fresh] = [before, after].map(
    ({ discovery }) => new Map(ownerSizes(discovery).map((owner) => [owner.key, owner])),
  )
  const keys = new Set([...(fresh?.keys() ?? []), ...(old?.keys() ?? [])])
  const changes = [...keys].map((key): Change => {
    const [was, is] = [old?.get(key), fresh?.get(key)]
    return {
      name: is?.name ?? was?.name ?? '',
      before: was?.bytes ?? null,
      after: is?.bytes ?? null,
      change: was === undefined || is === undefined ? null : is.bytes - was.bytes,
      uncertainty: null,
      entriesBefore: was?.entries ?? null,
      entriesAfter: is?.entries ?? null,
    }
  })
  return byChange(changes)
}

function sizeOf(
  row: AttributionReport['caches'][number] | undefined,
  mode: AttributionReport['mode'],
): { bytes: number | null; error: number | null } {
  if (row === undefined) return { bytes: null, error: null }
  const { bytes, uncertaintyBytes } = wholeOf(row, mode)
  return { bytes: knownBytes(bytes), error: uncertaintyBytes }
}
