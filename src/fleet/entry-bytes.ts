/** Bytes of an entry over groups of replicas. Pure. */
import { rootOfSquares, studentT } from '../report/statistics.js'
import type { EntryBytes } from './types.js'

/** One replica's measurement. */
export interface MeasuredEntries {
  readonly totalBytes: number
  readonly uncertaintyBytes: number | null
  readonly entries: number | null
}

interface Counted extends MeasuredEntries {
  readonly entries: number
}

/**
 * Of each group all bytes by all entries; null of a group in which nothing is counted. The ± is the larger of two: what the rows
 * say, and what the scatter of replicas around their own group says, a replica counting by its entries. Without two replicas in
 * any group there is no scatter, and the ± is that of the rows alone.
 */
export function groupsPerEntry(groups: readonly (readonly MeasuredEntries[])[]): (EntryBytes | null)[] {
  const counted = groups.map((parts) => parts.filter(isCounted))
  const scatter = scatterOf(counted.filter((parts) => parts.length > 0))
  return counted.map((parts) => {
    const entries = entriesOf(parts)
    if (entries === 0) return null
    const ofRows = rootOfSquares(parts.map(({ uncertaintyBytes }) => uncertaintyBytes))
    const known = [
      ...(ofRows === null ? [] : [ofRows / entries]),
      ...(scatter === null ? [] : [scatter / Math.sqrt(entries)]),
    ]
    const isKnown = ofRows !== null || scatter !== null
    return { bytesPerEntry: meanOf(parts), uncertaintyBytes: isKnown ? Math.max(...known) : null }
  })
}

/** Half-width of the 95 % interval of a single entry's mean, over all groups together; null without a degree of freedom. */
function scatterOf(groups: readonly (readonly Counted[])[]): number | null {
  const replicas = groups.reduce((sum, parts) => sum + parts.length, 0)
  const degreesOfFreedom = replicas - groups.length
  if (degreesOfFreedom < 1) return null
  const squares = groups.reduce((sum, parts) => {
    const mean = meanOf(parts)
    return parts.reduce((own, { totalBytes, entries }) => own + entries * (totalBytes / entries - mean) ** 2, sum)
  }, 0)
  return studentT(degreesOfFreedom) * Math.sqrt(squares / degreesOfFreedom)
}

function isCounted(part: MeasuredEntries): part is Counted {
  return part.entries !== null && part.entries > 0
}

function entriesOf(parts: readonly Counted[]): number {
  return parts.reduce((sum, { entries }) => sum + entries, 0)
}

function meanOf(parts: readonly Counted[]): number {
  return parts.reduce((sum, { totalBytes }) => sum + totalBytes, 0) / entriesOf(parts)
}
