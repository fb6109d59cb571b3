/** Who holds memory by a report, the largest first: measured caches, and owners that nobody registered. Pure. */
import { formatBytes, formatCount, printable } from '../support/units.js'
import { describeOwner } from './discovery/format-discovery.js'
import type { Owner } from './discovery/types.js'
import type { AttributionReport, CacheAttribution } from './types.js'
import { knownBytes, wholeOf } from './whole.js'

const NAME_LENGTH_MAX = 60

/** One that holds something, and how much. */
export interface Holder {
  readonly name: string
  readonly bytes: number
  /** Half-width of the 95 % interval; 0 where the graph of the heap tells the bytes. */
  readonly uncertaintyBytes: number
  /** `120.0 MiB ± 8.00 KiB`, with what the graph says where that differs. */
  readonly amount: string
  /** By the graph of the heap, a part of what that reaches; null of a cache. */
  readonly graphBytes: number | null
  readonly row: CacheAttribution | null
  readonly owner: Owner | null
}

/** Rows that hold more than their error. A cache that was not measured may be found as an owner. */
export function holdersOf(report: AttributionReport): Holder[] {
  const caches = measuredRows(report).flatMap((row): Holder[] => {
    const { bytes, uncertaintyBytes } = wholeOf(row, report.mode)
    const known = knownBytes(bytes) ?? 0
    const error = uncertaintyBytes ?? 0
    return known > error && row.significant ? [holderOfRow(row, known, error)] : []
  })
  const measured = new Set(measuredRows(report).map(({ name }) => name))
  const { discovery } = report
  // Of an owner in another the outer one is reported. Reports of before had discoveries of another kind.
  const owners = (discovery?.live == null ? [] : discovery.owners).filter(
    ({ cache, partOf }) => partOf === null && (cache === null || !measured.has(cache)),
  )
  return [...caches, ...owners.map(holderOfOwner)].toSorted((a, b) => b.bytes - a.bytes)
}

/** Rows whose bytes are known with their error: without controls, or after a failure, they say nothing of the whole. */
export function measuredRows({ caches, mode }: AttributionReport): CacheAttribution[] {
  return caches.filter((row) => {
    const { bytes, uncertaintyBytes } = wholeOf(row, mode)
    const isDone = row.status === 'released' || row.status === 'trimmed'
    return isDone && uncertaintyBytes !== null && knownBytes(bytes) !== null
  })
}

/** A cache's name as a sentence has it. */
export function quotedCache({ name, instances = 1 }: Pick<CacheAttribution, 'name' | 'instances'>): string {
  const text = JSON.stringify(printable(name, NAME_LENGTH_MAX))
  return instances === 1 ? text : `the group ${text} (×${formatCount(instances)})`
}

function holderOfRow(row: CacheAttribution, bytes: number, uncertaintyBytes: number): Holder {
  return {
    name: quotedCache(row),
    bytes,
    uncertaintyBytes,
    amount: withError(bytes, uncertaintyBytes),
    graphBytes: null,
    row,
    owner: null,
  }
}

/** Measured bytes where it was measured; those of the graph beside them only where both differ by more than the error. */
function holderOfOwner(owner: Owner): Holder {
  const { retained, released, uncertaintyBytes } = owner
  const graphBytes = retained.totalBytes
  const measured = released === null ? null : knownBytes(released)
  const common = { name: describeOwner(owner), graphBytes, row: null, owner }
  if (measured === null || uncertaintyBytes === null) {
    return { ...common, bytes: graphBytes, uncertaintyBytes: 0, amount: formatBytes(graphBytes) }
  }
  const differs = Math.abs(measured - graphBytes) > uncertaintyBytes
  const bothFigures = [withError(measured, uncertaintyBytes), formatBytes(graphBytes)] as const
  // Figures that are written alike do not differ to a reader.
  const isSeen = differs && formatBytes(measured) !== bothFigures[1]
  return {
    ...common,
    bytes: measured,
    uncertaintyBytes,
    amount: isSeen ? `${bothFigures[0]} measured (${bothFigures[1]} by the graph of the heap)` : bothFigures[0],
  }
}

function withError(bytes: number, uncertaintyBytes: number): string {
  return `${formatBytes(bytes)} ± ${formatBytes(uncertaintyBytes)}`
}
