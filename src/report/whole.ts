/** The whole of a cache, by its row; pure. */
import { knownSum } from '../measure/figures.js'
import type { ByQuantity } from '../measure/figures.js'
import type { AttributedBytes, AttributionMode, CacheAttribution } from './types.js'

export { knownSum }

/** The bytes of a whole cache with their error. */
export interface Whole {
  readonly bytes: AttributedBytes
  /** Half-width of the 95 % interval around the total; null where that is not known. */
  readonly uncertaintyBytes: number | null
}

/** Nothing is known. */
export const UNKNOWN: AttributedBytes = { allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null }

/**
 * The bytes that came back; of a trim, whose `released` is a part, the estimate of the whole. A trim that failed before any
 * part was measured shows nothing.
 */
export function wholeOf(
  row: Pick<CacheAttribution, 'released' | 'uncertaintyBytes' | 'estimated' | 'estimatedUncertaintyBytes'>,
  mode: AttributionMode,
): Whole {
  const { released, uncertaintyBytes, estimated, estimatedUncertaintyBytes = null } = row
  if (estimated !== undefined) return { bytes: estimated, uncertaintyBytes: estimatedUncertaintyBytes }
  return mode === 'trim' ? { bytes: UNKNOWN, uncertaintyBytes: null } : { bytes: released, uncertaintyBytes }
}

/** All quantities together, or without the allocator's where it reports nothing; null is unknown. */
export function knownBytes(bytes: AttributedBytes): number | null {
  const { totalBytes, heapBytes } = bytes
  return totalBytes ?? (heapBytes === null ? null : knownSum(bytes))
}

/** The same with their total: null where the allocator or the heap is unknown; mapped bytes count where they are known. */
export function withTotal({ allocatedBytes, heapBytes, mappedBytes }: ByQuantity<number | null>): AttributedBytes {
  const isKnown = allocatedBytes !== null && heapBytes !== null
  const totalBytes = isKnown ? allocatedBytes + heapBytes + (mappedBytes ?? 0) : null
  return { allocatedBytes, heapBytes, mappedBytes, totalBytes }
}

/**
 * The ± of a total. Quantities err independently of each other; a quantity that is unknown adds nothing to either side, and one
 * that is known without its ± makes the total's unknown.
 */
export function hypotenuse(uncertainty: ByQuantity<number | null>, released: ByQuantity<number | null>): number | null {
  const { allocatedBytes, heapBytes, mappedBytes } = uncertainty
  if (heapBytes === null) return null
  if (allocatedBytes === null && released.allocatedBytes !== null) return null
  if (mappedBytes === null && released.mappedBytes !== null) return null
  return Math.ceil(Math.hypot(allocatedBytes ?? 0, heapBytes, mappedBytes ?? 0))
}
