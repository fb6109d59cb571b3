/** What a row tells of the whole of its cache; pure. */
import type { AttributedBytes, AttributionMode, CacheAttribution } from './types.js'

/** The bytes of a whole cache with their error. */
export interface Whole {
  readonly bytes: AttributedBytes
  /** Half-width of the 95 % interval around the total; null where that is not known. */
  readonly uncertaintyBytes: number | null
}

/** Nothing is known. */
export const UNKNOWN: AttributedBytes = { allocatedBytes: null, heapBytes: null, totalBytes: null }

/**
 * What came back; of a trim, whose `released` is a part, what was estimated of the whole. A trim that failed before any
 * part was measured tells nothing.
 */
export function wholeOf(
  row: Pick<CacheAttribution, 'released' | 'uncertaintyBytes' | 'estimated' | 'estimatedUncertaintyBytes'>,
  mode: AttributionMode,
): Whole {
  const { released, uncertaintyBytes, estimated, estimatedUncertaintyBytes = null } = row
  if (estimated !== undefined) return { bytes: estimated, uncertaintyBytes: estimatedUncertaintyBytes }
  return mode === 'trim' ? { bytes: UNKNOWN, uncertaintyBytes: null } : { bytes: released, uncertaintyBytes }
}

/** Both quantities together, or the heap's alone where the allocator tells nothing; null is unknown. */
export function knownBytes({ totalBytes, heapBytes }: AttributedBytes): number | null {
  return totalBytes ?? heapBytes
}
