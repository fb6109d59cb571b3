/** The conditions after a run; the example fails where it does not. Pure. */
import type { AttributionReport, CacheAttribution } from 'cache-attribution'
import type { Traffic } from './messages.js'

/** The failures, a line each; none is success. */
export function failedChecks(report: AttributionReport, traffic: Traffic, expected: readonly string[]): string[] {
  return [
    ...checkTraffic(traffic),
    ...expected.flatMap((name) => checkRow(name, report)),
    ...checkSums(report),
    ...checkFiles(report),
  ]
}

function checkTraffic({ failures, phases }: Traffic): string[] {
  const silent = Object.entries(phases).flatMap(([phase, { requests }]) => (requests === 0 ? [phase] : []))
  return [
    ...Object.entries(failures).map(([kind, count]) => `requests that failed with ${kind}: ${count}`),
    ...silent.map((phase) => `no request was answered ${phase} the run`),
  ]
}

function checkRow(name: string, { caches, process }: AttributionReport): string[] {
  const row = caches.find((cache) => cache.name === name)
  if (row?.status !== 'released') return [`${name}: ${row === undefined ? 'no row' : row.status}`]
  // Without the allocator's statistics only objects in V8's heap can be seen.
  const isVisible = process.allocator.name !== 'unavailable' || name === 'documents'
  return isVisible && !row.significant ? [`${name}: nothing was measured above the noise`] : []
}

/** To the byte. */
function checkSums({ caches, unattributed, before, after }: AttributionReport): string[] {
  const sum = (bytes: (row: CacheAttribution) => number | null): number =>
    caches.reduce((total, row) => total + (bytes(row) ?? 0), 0)
  const problems: string[] = []
  if (before.allocatedBytes !== null && after.allocatedBytes !== null) {
    const explained = sum(({ released }) => released.allocatedBytes) + (unattributed.allocatedBytes ?? 0)
    const change = before.allocatedBytes - after.allocatedBytes
    if (explained !== change)
      problems.push(`allocator: rows and unattributed make ${explained}, the change is ${change}`)
  }
  const explained = sum(({ released }) => released.heapBytes) + unattributed.heapBytes
  const change = before.heapUsedBytes - after.heapUsedBytes
  if (explained !== change) problems.push(`JS heap: rows and unattributed make ${explained}, the change is ${change}`)
  return problems
}

/** lru-cache counts the bytes of its Buffers: what is measured must be that and the bookkeeping, no more. */
function checkFiles({ caches }: AttributionReport): string[] {
  const row = caches.find(({ name }) => name === 'files')
  const measured = row?.released.totalBytes ?? null
  if (measured === null || row?.claimedBytes == null) return []
  const ratio = measured / row.claimedBytes
  return ratio > 0.95 && ratio < 1.5 ? [] : [`files: measured ${ratio.toFixed(2)} times what lru-cache claims`]
}
