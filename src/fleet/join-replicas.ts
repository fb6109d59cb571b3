/**
 * From what each replica measured to caches and owners over all of them. Pure.
 *
 * Rule: a replica counts with what it measured of a cache and nowhere else; memory and time grow with the number of rows.
 */
import { ownerSizes } from '../report/discovery/owner-sizes.js'
import { extremesOf, median, outstanding, rootOfSquares } from '../report/statistics.js'
import type { AttributionReport, CacheAttribution } from '../report/types.js'
import type { CacheStatus } from '../report/values.js'
import { wholeOf } from '../report/whole.js'
import { compareLabels } from './compare-labels.js'
import { groupsPerEntry } from './entry-bytes.js'
import type { FleetCache, FleetOwner, Outlier, ReplicaBytes } from './types.js'

/** One replica's measurement of one cache. */
export interface CacheInReplica {
  readonly replica: string
  readonly labels: Readonly<Record<string, string>>
  readonly totalBytes: number
  readonly allocatedBytes: number | null
  readonly heapBytes: number | null
  readonly mappedBytes: number | null
  readonly uncertaintyBytes: number | null
  readonly claimedBytes: number | null
  /** The entries that the measured bytes belong to; null where the cache does not count its entries. */
  readonly entries: number | null
}

/** The replicas' measurements so far; a report is read once, and not kept. */
export class FleetRows {
  readonly #caches = new Map<string, { parts: CacheInReplica[]; unmeasured: Map<CacheStatus, number> }>()
  readonly #owners = new Map<string, { name: string; parts: ReplicaBytes[] }>()

  /** Enters what one replica reported. */
  add(replica: string, labels: Readonly<Record<string, string>>, report: AttributionReport): void {
    for (const row of report.caches) {
      const { parts, unmeasured } = this.#cache(row.name)
      const part = partOf(replica, labels, row, report.mode)
      if (part === null) unmeasured.set(row.status, (unmeasured.get(row.status) ?? 0) + 1)
      else parts.push(part)
    }
    for (const { key, name, bytes } of ownerSizes(report.discovery)) {
      const owner = this.#owners.get(key) ?? { name, parts: [] }
      this.#owners.set(key, owner)
      owner.parts.push({ replica, totalBytes: bytes })
    }
  }

  /** The largest first. */
  caches(): FleetCache[] {
    return [...this.#caches]
      .map(([name, { parts, unmeasured }]) => cacheOf(name, parts, unmeasured))
      .sort((a, b) => (b.sum.totalBytes ?? -Infinity) - (a.sum.totalBytes ?? -Infinity))
  }

  /** The largest first. */
  owners(): FleetOwner[] {
    return [...this.#owners.values()]
      .flatMap(({ name, parts }): FleetOwner[] => {
        const extremes = extremesOf(parts)
        if (extremes === null) return []
        const { least, medianBytes, most } = extremes
        const totalBytes = parts.reduce((sum, part) => sum + part.totalBytes, 0)
        const outliers = outliersOf(parts.map((part) => ({ ...part, uncertaintyBytes: 0 })))
        return [
          {
            name,
            replicas: parts.length,
            sum: { totalBytes },
            median: { totalBytes: medianBytes },
            least,
            most,
            outliers,
          },
        ]
      })
      .sort((a, b) => b.sum.totalBytes - a.sum.totalBytes)
  }

  #cache(name: string): { parts: CacheInReplica[]; unmeasured: Map<CacheStatus, number> } {
    const cache = this.#caches.get(name) ?? { parts: [], unmeasured: new Map<CacheStatus, number>() }
    this.#caches.set(name, cache)
    return cache
  }
}

function partOf(
  replica: string,
  labels: Readonly<Record<string, string>>,
  row: CacheAttribution,
  mode: AttributionReport['mode'],
): CacheInReplica | null {
  const { bytes, uncertaintyBytes } = wholeOf(row, mode)
  if (bytes.totalBytes === null || row.status === 'failed' || row.status === 'timed-out') return null
  const { entriesBefore, entriesAfter, claimedBytes } = row
  // Of a release what went is measured; a trim estimates all that there was.
  const gone = row.estimated === undefined && entriesBefore !== null ? entriesBefore - (entriesAfter ?? 0) : null
  const entries = row.estimated === undefined ? gone : entriesBefore
  return { replica, labels, ...bytes, totalBytes: bytes.totalBytes, uncertaintyBytes, claimedBytes, entries }
}

function cacheOf(
  name: string,
  parts: readonly CacheInReplica[],
  unmeasured: ReadonlyMap<CacheStatus, number>,
): FleetCache {
  const extremes = extremesOf(parts)
  const sum = (key: 'totalBytes' | 'allocatedBytes' | 'heapBytes' | 'mappedBytes' | 'claimedBytes' | 'entries') =>
    sumOf(parts.map((part) => part[key]))
  return {
    name,
    replicas: parts.length,
    sum: {
      allocatedBytes: sum('allocatedBytes'),
      heapBytes: sum('heapBytes'),
      mappedBytes: sum('mappedBytes'),
      totalBytes: sum('totalBytes'),
      uncertaintyBytes: parts.length === 0 ? null : rootOfSquares(parts.map((part) => part.uncertaintyBytes)),
      claimedBytes: sum('claimedBytes'),
      entries: sum('entries'),
    },
    median: extremes && { totalBytes: extremes.medianBytes },
    least: extremes && bytesOf(extremes.least),
    most: extremes && bytesOf(extremes.most),
    outliers: outliersOf(parts),
    byReplica: parts.length > LISTED_MAX ? null : parts.map(bytesOf),
    perEntry: groupsPerEntry([parts])[0] ?? null,
    ...compareLabels(parts),
    unmeasured: Object.fromEntries(unmeasured),
  }
}

/** A list of more is read by nobody, and would be most of the report. */
const LISTED_MAX = 100

/** Null where one is unknown, or there are none. */
function sumOf(values: readonly (number | null)[]): number | null {
  let sum = 0
  for (const value of values) {
    if (value === null) return null
    sum += value
  }
  return values.length === 0 ? null : sum
}

function bytesOf({ replica, totalBytes }: ReplicaBytes): ReplicaBytes {
  return { replica, totalBytes }
}

/** With two replicas nobody can say which of them is the odd one. */
const OUTLIERS_REPLICAS_LEAST = 3
/** Less than this is of no interest, however alike the others are. */
const OUTLIER_BYTES_LEAST = 256 * 1024
/** A share of the median, likewise: caches of one service differ by their traffic. */
const OUTLIER_SHARE_LEAST = 0.5

function outliersOf(parts: readonly (ReplicaBytes & { readonly uncertaintyBytes: number | null })[]): Outlier[] {
  if (parts.length < OUTLIERS_REPLICAS_LEAST) return []
  const middle = median(parts.map(({ totalBytes }) => totalBytes))
  const bytes = parts.map(({ totalBytes }) => totalBytes)
  const least = Math.max(OUTLIER_BYTES_LEAST, OUTLIER_SHARE_LEAST * Math.abs(middle))
  return outstanding(bytes, least)
    .flatMap((off, index) => {
      const part = parts[index]
      if (off === null || part === undefined || Math.abs(off) <= (part.uncertaintyBytes ?? Infinity)) return []
      const { replica, totalBytes } = part
      return [
        { off: Math.abs(off), outlier: { replica, totalBytes, timesMedian: middle > 0 ? totalBytes / middle : null } },
      ]
    })
    .sort((a, b) => b.off - a.off)
    .map(({ outlier }) => outlier)
}
