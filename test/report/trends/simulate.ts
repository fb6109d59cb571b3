/** Histories out of a seed: noise that resembles itself, waves of the day, outliers, restarts, gaps, and a leak or none. */
import type { Segment } from '../../helpers/internals/report-trends.js'
import { normalOf, randomOf } from '../../coordinator/world.js'

/** The parts of a history. */
export interface Simulation {
  readonly seed: number
  readonly days: number
  /** Of the level, a day. */
  readonly leakShare: number
  /** Both noises are so many times as loud. @default 1 */
  readonly loudness?: number
}

/** The level around which everything is drawn. */
export const LEVEL_BYTES = 500e6

/**
 * Readings every five minutes, not quite on time. White noise of 0.5 % of the level, slow noise of 0.2 % that dies down within
 * up to an hour, a wave of the day of up to ± 10 % with an overtone, one outlier in a hundred of up to twice the level, up to two
 * restarts with a level and a leak of their own, up to three gaps of one to eight hours.
 */
export function simulate({ seed, days, leakShare, loudness = 1 }: Simulation): Segment[] {
  const random = randomOf(seed)
  const normal = normalOf(random)
  const hoursInAll = days * 24
  const start = 1000 + random() * 24
  const step = 1 / 12
  const wave = { size: 0.1 * random(), phase: 24 * random(), overtone: 0.4 * random() }
  const memory = Math.exp(-step / (0.1 + 0.9 * random()))
  const restarts = Array.from({ length: Math.floor(3 * random()) }, () => hoursInAll * random()).toSorted(
    (a, b) => a - b,
  )
  const gaps = Array.from({ length: Math.floor(4 * random()) }, () => ({
    from: hoursInAll * random(),
    hours: 1 + 7 * random(),
  }))
  const segments: { hours: number[]; bytes: number[] }[] = [{ hours: [], bytes: [] }]
  let slow = 0
  let base = 1
  let since = 0
  let next = 0
  for (let at = 0; at < hoursInAll; at += step) {
    slow = memory * slow + 0.002 * Math.sqrt(1 - memory * memory) * normal()
    if (at >= (restarts[next] ?? Infinity)) {
      next++
      base = 0.95 + 0.1 * random()
      since = at
      segments.push({ hours: [], bytes: [] })
    }
    const exact = at + step * (random() - 0.5) * 0.8
    const isOutlier = random() < 0.01
    const size = 0.2 + 0.8 * random()
    const noise = 0.005 * normal()
    if (gaps.some(({ from, hours }) => at >= from && at < from + hours)) continue
    const day = (2 * Math.PI * (exact - wave.phase)) / 24
    const daily = wave.size * (Math.sin(day) + wave.overtone * Math.sin(2 * day))
    const share = base + daily + loudness * (noise + slow) + (isOutlier ? size : 0) + (leakShare * (exact - since)) / 24
    segments.at(-1)?.hours.push(start + exact)
    segments.at(-1)?.bytes.push(LEVEL_BYTES * share)
  }
  return segments
    .filter(({ hours }) => hours.length > 0)
    .map(({ hours, bytes }, index) => ({
      hours,
      bytes,
      startHours: hours[0] ?? 0,
      isRefill: false,
      lifetime: String(index),
    }))
}
