/**
 * A run checks itself before its first window: it plants a set of known size, drops it, and measures that as it measures a cache.
 *
 * Rule: the check is no part of the run's balance: it is over before the sample from which the run starts.
 */
import { difference } from '../measure/figures.js'
import type { Figures } from '../measure/figures.js'
import { plantKnownSet } from '../measure/known-set.js'
import { SelfCheck } from '../report/self-check.js'
import type { ReportSelfCheck } from '../report/types.js'
import type { ResolvedAttributeOptions } from './options.js'
import { predictPauseMs } from './plan.js'
import { restMs } from './readings.js'
import type { RunReadings } from './readings.js'

/** The part of `budget.durationMs` that one window of a check may take: the rest is for caches. */
const DURATION_SHARE = 0.1

/** In this process. Null where a budget leaves no room for it, or the run was aborted. */
export async function checkLive(
  readings: RunReadings,
  { pauseMs = Infinity, durationMs = Infinity }: ResolvedAttributeOptions['budget'],
): Promise<ReportSelfCheck | null> {
  const check = new SelfCheck()
  do {
    const neededMs = predictPauseMs(readings.cost, 'forced', 1)
    if (neededMs > pauseMs || neededMs + restMs(neededMs) > durationMs * DURATION_SHARE) break
    const measured = await readings.aside('forced', plantKnownSet)
    if (measured === null) break
    check.note(measured.step, measured.change)
  } while (!check.isOver)
  return check.result()
}

/** What a check in a twin found, and what lives after it. */
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
