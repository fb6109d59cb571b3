/** Which of a row's figures is shown as its size. */
import type { AttributedBytes } from '../../../report/types.js'

/** Both quantities together, or the heap's alone where the allocator tells nothing; null is unknown. */
export function knownBytes({ totalBytes, heapBytes }: AttributedBytes): number | null {
  return totalBytes ?? heapBytes
}

/** The floor in one figure, by the same rule. */
export function floorBytes(floor: { readonly allocatedBytes: number | null; readonly heapBytes: number }): number {
  return (floor.allocatedBytes ?? 0) + floor.heapBytes
}

/** Adds what is known; null where nothing is. */
export function sumKnown(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null)
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0)
}
