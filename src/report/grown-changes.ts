/**
 * The changes between two reports that are growth; pure.
 *
 * Rule: growth is beyond the change's error, beyond the tolerance, and large enough to matter. A figure that either report does not know is no growth.
 */
import type { Change } from './diff-reports.js'

/** Less than this is no growth, whatever part of the base it is: a small cache doubles with its first entries. */
const LEAST_BYTES = 64 * 1024

/** Whether a change is growth. @param tolerance a share of the base, such as 0.1 */
export function isGrowth({ before, change, uncertainty }: Change, tolerance: number): boolean {
  if (before === null || change === null || change < LEAST_BYTES) return false
  return change > (uncertainty ?? 0) && change > tolerance * before
}
