/**
 * The last growth in a series: since when, from which level. Pure.
 *
 * Rule: it is growth where the end lies clearly above the least level before it; else there is none, and nothing is said of one.
 */

/** A level at a time. */
export interface MemoryLevel {
  readonly ms: number
  readonly bytes: number
}

/** From where to where. */
export interface GrowthWindow {
  readonly from: MemoryLevel
  readonly to: MemoryLevel
}

/** Less is what every process does by itself. */
const LEAST_BYTES = 16 * 1024 * 1024
const LEAST_SHARE = 0.1
/** Growth has begun where so much of it is to come. */
const BEGUN = 0.05

/** The last rise up to the end of a series that is in the order of time; null where the end is not clearly above all before. */
export function lastGrowth(levels: readonly MemoryLevel[]): GrowthWindow | null {
  const to = levels.at(-1)
  if (to === undefined) return null
  const least = levels.reduce((a, b) => (b.bytes < a.bytes ? b : a), to)
  const bytes = to.bytes - least.bytes
  if (bytes < Math.max(LEAST_BYTES, LEAST_SHARE * to.bytes)) return null
  const from = levels.findLast((level) => level.bytes <= least.bytes + BEGUN * bytes) ?? least
  return { from, to }
}
