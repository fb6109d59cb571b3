/** How much of live memory has a name: that of a row, an owner, a package, or a part of the engine. Pure. */
import type { MemorySample } from '../../measure/sample.js'
import type { AttributionReport, CacheAttribution, Explained } from '../types.js'
import type { Discovery, LiveMemory } from './types.js'

/** Native memory without a JavaScript owner: less is what Node and V8 allocate for themselves in any process. */
export const NATIVE_LEAST_BYTES = 8 * 1024 * 1024

/** `floor.owners` of a report: the owners that are no registered cache. */
export function ownersOfFloor(discovery: Discovery | undefined): Pick<AttributionReport['floor'], 'owners'> {
  return discovery?.live == null ? {} : { owners: discovery.owners.filter(({ cache }) => cache === null) }
}

/**
 * `explained` of a report. The graph was walked after every release: its bytes stand beside what the rows got back. What a
 * skipped or failed cache holds is in the graph.
 */
export function explainedBy(
  before: MemorySample,
  caches: readonly CacheAttribution[],
  discovery: Discovery | undefined,
): Pick<AttributionReport, 'explained'> {
  const live = discovery?.live
  if (live?.heapBytes === undefined || live.memoryBytes === undefined) return {}
  const ofRows = (quantity: 'heapBytes' | 'allocatedBytes'): number =>
    caches.reduce((sum, { released }) => sum + Math.max(0, released[quantity] ?? 0), 0)
  const share = (named: number, whole: number | null): number | null =>
    whole === null || whole <= 0 ? null : Math.min(1, named / whole)
  const explained: Explained = {
    heapShare: share(ofRows('heapBytes') + live.heapBytes, before.heapUsedBytes),
    nativeShare: share(ofRows('allocatedBytes') + live.memoryBytes, before.allocatedBytes),
  }
  return { explained }
}

/** Whether other threads run, whose heaps were not walked: what they hold outside of them has an owner all the same. */
export function hasOtherHeaps({ warnings }: Discovery): boolean {
  return warnings.some(({ code }) => code === 'WARN_DISCOVER_THREADS')
}

/** What the graph names of the memory that was live when it was walked, and what it cannot name; null where that is unknown. */
export function namedByGraph(live: LiveMemory): { readonly share: number; readonly nativeBytes: number | null } | null {
  const { heapBytes, memoryBytes, usedHeapBytes, allocatedBytes } = live
  if (heapBytes === undefined || memoryBytes === undefined || usedHeapBytes === undefined) return null
  const [heap, native] = [Math.max(usedHeapBytes, heapBytes), allocatedBytes ?? null]
  if (native === null) return { share: heap === 0 ? 1 : heapBytes / heap, nativeBytes: null }
  // Buffers that are mapped, and not allocated, may make the graph's figure the larger one.
  const whole = heap + Math.max(native, memoryBytes)
  return { share: whole === 0 ? 1 : (heapBytes + memoryBytes) / whole, nativeBytes: Math.max(0, native - memoryBytes) }
}
