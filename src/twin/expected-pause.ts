/**
 * How long the next twin is expected to pause this process, from the last one.
 *
 * Rule: what is remembered is forgotten after a while. A pause that was long once must not refuse every twin to come, of
 * which none would be made to show that it has become shorter.
 */
import { ownTimers } from '../support/own-timers.js'

/** A process changes: what was measured before this time says nothing of the next twin. */
const KEPT_MS = 600_000

let last: { readonly pauseMs: number; readonly residentBytes: number; readonly atMs: number } | null = null

/** A twin was made, or an attempt at one has ended: for this long the process stood still at the longest. */
export function notePause(pauseMs: number, residentBytes = process.memoryUsage.rss(), nowMs = ownTimers.now()): void {
  last = { pauseMs, residentBytes, atMs: nowMs }
}

/** Longer where the process has grown, since a fork copies its page tables; null where no twin was made of late. */
export function expectedPauseMs(residentBytes = process.memoryUsage.rss(), nowMs = ownTimers.now()): number | null {
  if (last === null || nowMs - last.atMs > KEPT_MS) return null
  return last.pauseMs * Math.max(1, residentBytes / last.residentBytes)
}
