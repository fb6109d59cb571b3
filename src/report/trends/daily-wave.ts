/**
 * The wave of the day: traffic rises and falls, and memory with it. Pure.
 *
 * Rule: it is taken off only where a trend can be told from it; what that costs in certainty is counted.
 */
import type { Steps } from '../../support/slices.js'
import type { Segment } from './series.js'

/** Segments less the wave, and the price. */
export interface Unwaved {
  readonly segments: readonly Segment[]
  /** By how much the fit of the wave widens the variance of the slope. */
  readonly varianceInflation: number
  readonly isRemoved: boolean
}

const DAY_HOURS = 24
/** Waves of 24, 12 and 8 hours: any smooth day. */
const HARMONICS = 3
/** Fewer readings fit any wave. */
const READINGS_MIN = 30
/** Beyond this a trend and a part of a wave look the same. */
const INFLATION_MAX = 6
const ROUNDS = 12
/** Readings further off than this many robust deviations weigh less. */
const HUBER = 1.5

/** Fits levels, one slope and a wave together, by least squares in which outliers weigh less; gives back all but the wave. */
export function* withoutDailyWave(segments: readonly Segment[]): Steps<Unwaved> {
  const rows = segments.flatMap(({ hours, bytes }, segment) =>
    hours.map((at, index) => ({ segment, regressors: regressorsOf(at), bytes: bytes[index] ?? 0 })),
  )
  const kept = { segments, varianceInflation: 1, isRemoved: false }
  if (rows.length < READINGS_MIN) return kept
  const weights = rows.map(() => 1)
  const inflation = inflationOf(rows, weights, segments.length)
  if (inflation === null || inflation > INFLATION_MAX) return kept
  let fit: readonly number[] | null = null
  for (let round = 0; round < ROUNDS; round++) {
    yield
    const system = centred(rows, weights, segments.length)
    fit = solve(system.products, system.right)
    if (fit === null) return kept
    const residuals = system.rows.map(({ regressors, bytes }) => bytes - dot(regressors, fit ?? []))
    const deviation = 1.4826 * middleOf(residuals.map(Math.abs))
    if (deviation === 0) break
    for (const [index, residual] of residuals.entries()) {
      weights[index] = Math.min(1, (HUBER * deviation) / Math.max(1e-300, Math.abs(residual)))
    }
  }
  const wave = fit?.slice(1) ?? []
  return {
    segments: segments.map((segment) => ({
      ...segment,
      bytes: segment.bytes.map((value, index) => value - dot(regressorsOf(segment.hours[index] ?? 0).slice(1), wave)),
    })),
    varianceInflation: inflation,
    isRemoved: true,
  }
}

interface Row {
  readonly segment: number
  readonly regressors: readonly number[]
  readonly bytes: number
}

/** Days since some moment, then the waves. */
function regressorsOf(hours: number): number[] {
  const waves = Array.from({ length: HARMONICS }, (_, index) => {
    const phase = (2 * Math.PI * (index + 1) * (hours % DAY_HOURS)) / DAY_HOURS
    return [Math.sin(phase), Math.cos(phase)]
  })
  return [hours / DAY_HOURS, ...waves.flat()]
}

/** How much of the time's own scatter the waves explain away: 1 / (1 − R²). */
function inflationOf(rows: readonly Row[], weights: readonly number[], segments: number): number | null {
  const { products } = centred(rows, weights, segments)
  const waves = products.slice(1).map((row) => row.slice(1))
  const withTime = products.slice(1).map((row) => row[0] ?? 0)
  const time = products[0]?.[0] ?? 0
  const fit = solve(waves, withTime)
  if (fit === null || time <= 0) return null
  const explained = dot(fit, withTime) / time
  return explained >= 1 ? null : 1 / (1 - explained)
}

/** Everything less its weighted mean in its segment: what levels take up is gone. */
function centred(
  rows: readonly Row[],
  weights: readonly number[],
  segments: number,
): { rows: Row[]; products: number[][]; right: number[] } {
  const size = 1 + 2 * HARMONICS
  const sums = Array.from({ length: segments }, () => ({
    weight: 0,
    regressors: new Array<number>(size).fill(0),
    bytes: 0,
  }))
  for (const [index, { segment, regressors, bytes }] of rows.entries()) {
    const sum = sums[segment]
    const weight = weights[index] ?? 0
    if (sum === undefined) continue
    sum.weight += weight
    sum.bytes += weight * bytes
    for (const [at, value] of regressors.entries()) sum.regressors[at] = (sum.regressors[at] ?? 0) + weight * value
  }
  const products = Array.from({ length: size }, () => new Array<number>(size).fill(0))
  const right = new Array<number>(size).fill(0)
  const moved = rows.map(({ segment, regressors, bytes }, index): Row => {
    const sum = sums[segment]
    const total = sum?.weight ?? 1
    const row = {
      segment,
      regressors: regressors.map((value, at) => value - (sum?.regressors[at] ?? 0) / total),
      bytes: bytes - (sum?.bytes ?? 0) / total,
    }
    const weight = weights[index] ?? 0
    for (const [at, value] of row.regressors.entries()) {
      right[at] = (right[at] ?? 0) + weight * value * row.bytes
      const line = products[at]
      if (line !== undefined) {
        for (const [other, second] of row.regressors.entries())
          line[other] = (line[other] ?? 0) + weight * value * second
      }
    }
    return row
  })
  return { rows: moved, products, right }
}

/** Gauss with pivots; null where the system has no one solution. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0])
  const size = rows.length
  const scale = Math.max(...rows.flatMap((row, index) => Math.abs(row[index] ?? 0)), 1e-300)
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = row
    }
    const line = rows[pivot]
    if (line === undefined || Math.abs(line[column] ?? 0) < 1e-9 * scale) return null
    rows[pivot] = rows[column] ?? line
    rows[column] = line
    for (const [index, row] of rows.entries()) {
      if (index === column) continue
      const factor = (row[column] ?? 0) / (line[column] ?? 1)
      for (let at = column; at <= size; at++) row[at] = (row[at] ?? 0) - factor * (line[at] ?? 0)
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}

function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}
