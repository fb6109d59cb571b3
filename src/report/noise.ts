/**
 * The changes of null releases: the least that a window can tell from nothing.
 *
 * Rule: pure; without a control the noise is null, and nothing is significant.
 */
import { byQuantity } from '../measure/figures.js'
import type { ByQuantity, Figures, Quantity } from '../measure/figures.js'
import { noiseOf } from './statistics.js'
import type { ReportNoise } from './types.js'

/**
 * Nothing smaller than this is told from nothing, however calm the few controls of a run were: under load one null
 * release in a hundred shows as much (bench/accuracy.ts).
 */
export const RESOLUTION: ByQuantity<number> = { allocatedBytes: 8 * 1024, heapBytes: 16 * 1024, mappedBytes: 4 * 1024 }

/** The noise of null releases, per quantity. */
export function noiseOfControls(controls: readonly Figures[]): ReportNoise {
  return {
    controls: controls.length,
    ...byQuantity((quantity) => noiseOf(knownValues(controls, quantity), RESOLUTION[quantity])),
  }
}

/** The values that are known. */
export function knownValues(figures: readonly Figures[], quantity: Quantity): number[] {
  return figures.flatMap((each) => each[quantity] ?? [])
}
