/**
 * Trends of simulated histories: false alarms, leaks found, how often the slope lies inside its interval.
 *
 *   node dist/bench/trends.js [--histories 1000] [--days 3] [--seed 1] [--loudness 1]
 */
import { trendOf } from '../src/report/trends/verdict.js'
import { LEVEL_BYTES, simulate } from '../test/report/trends/simulate.js'
import { flags } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const histories = Number(flags('histories')[0] ?? 1000)
const days = Number(flags('days')[0] ?? 3)
const firstSeed = Number(flags('seed')[0] ?? 1)
const loudness = Number(flags('loudness')[0] ?? 1)
/** Of the level, a day. */
const RATES = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1]

const rows: (string | number)[][] = []
let inside = 0
let reported = 0
let all = 0
const shares = new Map<number, number>()
for (const rate of RATES) {
  const counts = { growing: 0, unbounded: 0, saturating: 0, stable: 0, unknown: 0 }
  const errors: number[] = []
  let held = 0
  const times: number[] = []
  for (let index = 0; index < histories; index++) {
    const segments = simulate({ seed: firstSeed * 1e6 + index, days, leakShare: rate, loudness })
    const startMs = performance.now()
    const trend = trendOf({ measured: segments, estimated: [], claimed: [] }, 'floor')
    times.push(performance.now() - startMs)
    counts[trend.verdict]++
    all++
    if (trend.slope === null) continue
    const truth = (rate * LEVEL_BYTES) / 24
    reported++
    held += trend.slope.lowBytesPerHour <= truth && truth <= trend.slope.highBytesPerHour ? 1 : 0
    errors.push((trend.slope.bytesPerHour - truth) / (LEVEL_BYTES / 24))
  }
  inside += held
  const found = (counts.growing + counts.unbounded) / histories
  shares.set(rate, found)
  const bias = errors.reduce((sum, error) => sum + error, 0) / errors.length
  rows.push([
    `${(100 * rate).toFixed(2)} %`,
    ...Object.values(counts),
    `${((100 * held) / errors.length).toFixed(1)} %`,
    `${(100 * bias).toFixed(4)} %`,
    `${(100 * medianOf(errors.map(Math.abs))).toFixed(3)} %`,
    `${medianOf(times).toFixed(0)} ms`,
  ])
}
console.log(
  `**${String(histories)} histories of ${String(days)} days for each rate, seed ${String(firstSeed)}, noise × ${String(loudness)}**\n`,
)
printTable(
  [
    'leak a day',
    'growing',
    'unbounded',
    'saturating',
    'stable',
    'unknown',
    'slope inside',
    'mean error',
    'median |error|',
    'time',
  ],
  rows,
)
const falseAlarms = shares.get(0) ?? 1
const found = shares.get(0.01) ?? 0
verdict(`quiet histories called growing: ${(100 * falseAlarms).toFixed(1)} % (at most 5 %)`, falseAlarms <= 0.05)
verdict(
  `leaks of 1 % a day found in ${String(days)} days: ${(100 * found).toFixed(1)} % (at least 95 %)`,
  found >= 0.95,
)
verdict(
  `slopes inside their intervals: ${((100 * inside) / reported).toFixed(1)} % of ${String(reported)} (${String(all)} in all) (at least 95 %)`,
  inside / reported >= 0.95,
)
