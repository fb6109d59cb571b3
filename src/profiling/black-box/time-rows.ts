/** Some readings for a table: of the growth, or of the last minute, the last of them always. Pure. */
import type { Postmortem } from './types.js'
import type { BoxTick } from './records.js'

/** One row. */
export interface TimeRow {
  readonly tick: BoxTick
  readonly beforeEndMs: number
  /** Of one processor, by the main thread since the row before; null in the first. */
  readonly cpuShare: number | null
  /** Of the time since the row before. */
  readonly gcShare: number | null
}

const ROWS_MAX = 12
const WITHOUT_GROWTH_MS = 60_000
/** Growth is shown from a little before its begin. */
const LEAD = 0.1

/** In the order of time. */
export function timeRows({
  growth,
  ticks,
  slowTicks,
  last,
}: Pick<Postmortem, 'growth' | 'ticks' | 'slowTicks' | 'last'>): TimeRow[] {
  if (last === null) return []
  const spanMs = growth === null ? WITHOUT_GROWTH_MS : growth.durationMs * (1 + LEAD)
  const isWithin = (tick: BoxTick): boolean => tick.monoMs >= last.monoMs - spanMs
  const [first] = ticks
  // All that there ever were, or all of that time.
  const isCovered = first === undefined || first.sequence === 1 || first.monoMs <= last.monoMs - spanMs
  const shown = (isCovered ? ticks : [...slowTicks.filter((tick) => tick.monoMs < last.monoMs), last]).filter(isWithin)
  return spread(shown).map((tick, index, all) => {
    const before = all[index - 1]
    return {
      tick,
      beforeEndMs: Math.max(0, last.monoMs - tick.monoMs),
      cpuShare: shareOf(before, tick, (each) => each.mainCpuMs),
      gcShare: shareOf(before, tick, (each) => each.gcMs),
    }
  })
}

/** So many of them, evenly over time. */
function spread(ticks: readonly BoxTick[]): BoxTick[] {
  const [first, last] = [ticks[0], ticks.at(-1)]
  if (first === undefined || last === undefined || ticks.length <= ROWS_MAX) return [...ticks]
  const stepMs = (last.monoMs - first.monoMs) / (ROWS_MAX - 1)
  const wanted = Array.from({ length: ROWS_MAX }, (_, index) => first.monoMs + index * stepMs)
  return wanted.map((ms, index) => (index === ROWS_MAX - 1 ? last : (ticks.find((tick) => tick.monoMs >= ms) ?? last)))
}

function shareOf(before: BoxTick | undefined, tick: BoxTick, of: (tick: BoxTick) => number | null): number | null {
  const [from, to] = [before === undefined ? null : of(before), of(tick)]
  if (before === undefined || from === null || to === null || tick.monoMs <= before.monoMs) return null
  return Math.max(0, (to - from) / (tick.monoMs - before.monoMs))
}
