/**
 * A run checks itself before its first window: it plants a set of known size, drops it, and measures that as it measures a cache.
 *
 * Rule: the check is no part of the run's balance: it is over before the sample from which the run starts.
 */
import { plantKnownSet } from '../../measure/known-set.js'
import { DURATION_SHARE, SelfCheck } from '../../report/self-check.js'
import type { ReportSelfCheck } from '../../report/types.js'
import type { ResolvedAttributeOptions } from '../options.js'
import { predictPauseMs } from '../run/plan.js'
import { yieldMs } from './run-readings.js'
import type { RunReadings } from './run-readings.js'

/** In this process. Null where a budget leaves no room for it, or the run was aborted. */
export async function checkLive(
  readings: RunReadings,
  { pauseMs = Infinity, durationMs = Infinity }: ResolvedAttributeOptions['budget'],
): Promise<ReportSelfCheck | null> {
  const check = new SelfCheck()
  do {
    const neededMs = predictPauseMs(readings.cost, 'forced', 1)
    if (neededMs > pauseMs || neededMs + yieldMs(neededMs) > durationMs * DURATION_SHARE) break
    const measured = await readings.aside('forced', plantKnownSet)
    if (measured === null) break
    check.note(measured.step, measured.change)
  } while (!check.isOver)
  return check.result()
}
