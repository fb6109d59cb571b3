/** A run in twins checks itself as one in this process does: coordinator/live/check-live.ts. */
import { difference } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import { plantKnownSet } from '../../measure/known-set.js'
import { DURATION_SHARE, SelfCheck } from '../../report/self-check.js'
import type { ReportSelfCheck } from '../../report/types.js'

/** The result of a check in a twin, and the level after it. */
export interface CheckedLevel {
  readonly level: Figures
  readonly selfCheck: ReportSelfCheck | null
}

/**
 * In a twin.
 *
 * @param settle collects and reads
 * @param settleMs what that cost the last time
 */
export function checkInTwin(settle: () => Figures, settleMs: number, durationMs = Infinity): CheckedLevel {
  if (2 * settleMs > durationMs * DURATION_SHARE) return { level: settle(), selfCheck: null }
  const check = new SelfCheck()
  let level: Figures
  do {
    const known = plantKnownSet()
    const before = settle()
    known.release()
    level = settle()
    check.note(known, difference(before, level))
  } while (!check.isOver)
  return { level, selfCheck: check.result() }
}
