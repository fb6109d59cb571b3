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
  const native = namedNative(live)
  const explained: Explained = {
    heapShare: share(ofRows('heapBytes') + live.heapBytes, before.heapUsedBytes),
    nativeShare: native === null ? null : share(ofRows('allocatedBytes') + native, before.allocatedBytes),
  }
  return { explained }
}

/** Whether other threads run, whose heaps were not walked: what they hold outside of them has an owner all the same. */
export function hasOtherHeaps({ warnings }: Discovery): boolean {
  return warnings.some(({ code }) => code === 'WARN_DISCOVER_THREADS')
}

/** The same of a walked heap alone, without rows. */
export function explainedByGraph(live: LiveMemory): Explained {
  const { heapBytes, usedHeapBytes, allocatedBytes } = live
  const native = namedNative(live)
  return {
    heapShare: heapBytes === undefined ? null : share(heapBytes, usedHeapBytes),
    nativeShare: native === null ? null : share(native, allocatedBytes),
  }
}

/** The memory that the graph names, of what was live when it was walked, and the memory that it cannot name; null where that is unknown. */
export function namedByGraph(live: LiveMemory): GraphNamed | null {
  const { heapBytes, memoryBytes, mappedBytes, usedHeapBytes, allocatedBytes } = live
  if (heapBytes === undefined || memoryBytes === undefined || usedHeapBytes === undefined) return null
  const heap = Math.max(usedHeapBytes, heapBytes)
  const native = namedNative(live)
  if (allocatedBytes == null || native === null) {
    return { share: heap === 0 ? 1 : heapBytes / heap, nativeBytes: null, isBeyondNode: false }
  }
  const mapped = mappedBytes ?? 0
  const whole = heap + allocatedBytes + mapped
  return {
    share: whole === 0 ? 1 : (heapBytes + native + mapped) / whole,
    nativeBytes: Math.max(0, allocatedBytes - ownedNative(live, memoryBytes)),
    isBeyondNode: live.engineBytes != null,
  }
}

/** The names of a graph. */
export interface GraphNamed {
  /** Of all that was live, 0 to 1. */
  readonly share: number
  /** Memory that the allocator counts and no JavaScript object of this thread owns; null where it reports nothing. */
  readonly nativeBytes: number | null
  /** Whether Node's own native memory is named: without it `nativeBytes` has that as well. */
  readonly isBeyondNode: boolean
}

/**
 * Of the allocator's live bytes all of which it is known whose they are: by pointers in native memory where that was walked, else
 * what is owned, and Node itself.
 */
function namedNative(live: LiveMemory): number | null {
  const { memoryBytes, mappedBytes, allocatedBytes, native } = live
  if (memoryBytes === undefined || mappedBytes === null || allocatedBytes == null) return null
  if (native == null) return ownedNative(live, memoryBytes)
  return Math.min(
    allocatedBytes,
    native.javascriptBytes + native.otherBufferBytes + native.nodeBytes + native.addonBytes,
  )
}

/**
 * Of the allocator's live bytes: memory of Buffers and external strings, and Node itself. What V8 maps itself is no part of them;
 * how much that is must be known. Addons may map memory of their Buffers, too, so it is never more than there is.
 */
function ownedNative({ mappedBytes, engineBytes, allocatedBytes }: LiveMemory, memoryBytes: number): number {
  // A result of an older version told nothing of either.
  return Math.min(allocatedBytes ?? 0, memoryBytes - (mappedBytes ?? 0) + (engineBytes ?? 0))
}

function share(named: number, whole: number | null | undefined): number | null {
  return whole == null || whole <= 0 ? null : Math.min(1, named / whole)
}
