/** The rows of "Who holds the memory" out of what the page knows: of the process now, or of one report as it was. */
import { byQuantity } from '../../../measure/figures.js'
import type { MemorySample } from '../../../measure/sample.js'
import type { CacheBytes, MemoryNode } from '../../../report/breakdown/types.js'
import type { Discovery } from '../../../report/discovery/types.js'
import { REST_KEY } from '../../../report/holdings/graph-claims.js'
import { holdingsOf } from '../../../report/holdings/holdings.js'
import { treeOfSample } from '../../../report/holdings/sample-tree.js'
import type { Holding, Holdings } from '../../../report/holdings/types.js'
import type { AttributionReport } from '../../../report/types.js'
import { wholeOf } from '../../../report/whole.js'
import type { CacheView } from '../../admin/types.js'

/** The page's facts about the process. */
export interface TableSources {
  readonly sample: MemorySample | null
  readonly breakdown: MemoryNode | null
  readonly caches: readonly CacheView[] | null
  readonly report: AttributionReport | null
  readonly discovery: Discovery | null
  /** A report is shown as it was, in place of the process now. */
  readonly isPinned: boolean
}

/** The table; null where nothing was read yet. */
export function memoryTable(sources: TableSources): Holdings | null {
  const { report, isPinned } = sources
  if (isPinned && report !== null) return tableOfReport(report)
  const { sample, breakdown, caches, discovery } = sources
  const tree = breakdown ?? (sample === null ? null : treeOfSample(sample, (caches ?? []).map(bytesOfView)))
  if (tree === null) return null
  return holdingsOf({ tree, report, discovery, isAfterRelease: isOfReport(discovery, report) })
}

/** Of a report alone: where it has no breakdown, by its reading of the process. */
function tableOfReport(report: AttributionReport): Holdings {
  const { breakdown, discovery = null, twin, before, caches, mode } = report
  const bytes = caches.map((row): CacheBytes => ({ name: row.name, ...wholeOf(row, mode).bytes }))
  const tree = breakdown ?? treeOfSample(twin?.before ?? before, bytes)
  return holdingsOf({ tree, report, discovery, isAfterRelease: true })
}

/** By which findings the rows are divided; readings of another basis are not compared with these. */
export function basisOf({ report, discovery, breakdown }: TableSources): string {
  return `${breakdown === null ? 'sample' : 'tree'} ${report?.id ?? ''} ${discovery === null ? '' : String(discovery.durationMs.walking)}`
}

/** The largest that somebody can act on; null where none is known. */
export function largestHolder({ rows }: Holdings): Holding | null {
  return rows.find(({ kind, key }) => (kind === 'cache' || kind === 'owner') && key !== REST_KEY) ?? null
}

/** Registered caches without a row: nothing was measured of them, or nothing beyond the noise. */
export function cachesWithoutRow({ rows }: Holdings, caches: readonly CacheView[]): CacheView[] {
  const folded = rows.flatMap(({ kind, parts }) => (kind === 'cache' ? parts.map(({ name }) => name) : []))
  const known = new Set([...rows.flatMap(({ kind, name }) => (kind === 'cache' ? [name] : [])), ...folded])
  return caches.filter(({ name, lastMeasured }) => !known.has(name) && lastMeasured === null)
}

function isOfReport(discovery: Discovery | null, report: AttributionReport | null): boolean {
  return discovery !== null && report?.discovery === discovery
}

function bytesOfView({ name, lastMeasured }: CacheView): CacheBytes {
  return { name, ...byQuantity((quantity) => lastMeasured?.[quantity] ?? null) }
}
