/** Opens a history in a process of its own and prints its trends. `node dist/bench/history/million.js FOLDER` */
import { ReportHistory } from '../../src/history/report-history.js'
import { report } from '../support/processes.js'

/** Times and memory. */
export interface MillionResult {
  readonly openMs: number
  readonly trendMs: number
  readonly peakBytes: number
  readonly baseBytes: number
  readonly verdictOfFloor: string
}

const baseBytes = process.memoryUsage.rss()
const date = new Date(Date.UTC(2026, 0, 13))
const startMs = performance.now()
const history = await ReportHistory.open(process.argv[2] ?? '', {
  clock: { now: () => performance.now(), date: () => date },
  trendWindowMs: 30 * 24 * 3_600_000,
  thinAfterMs: 365 * 24 * 3_600_000,
})
const openMs = performance.now() - startMs
const { floor } = await history.trends()
const trendMs = performance.now() - startMs - openMs
await history.close()
// Kilobytes, by the kernel.
const peakBytes = process.resourceUsage().maxRSS * 1024
report({
  openMs,
  trendMs,
  peakBytes,
  baseBytes,
  verdictOfFloor: `${floor.verdict}, ${String(floor.readings)} readings`,
} satisfies MillionResult)
