/** The statistics of a report, pure: noise from controls, a step in drifting levels, gaps that stand out. */

import { knownSum } from '../measure/figures.js'
import type { Figures } from '../measure/figures.js'

/** A settled reading of one quantity. */
export interface Level {
  readonly atMs: number
  readonly bytes: number
}

/** An estimate and the half-width of its 95 % interval; null where there is too little to know. */
export interface Estimate {
  readonly bytes: number
  readonly uncertaintyBytes: number | null
}

/** Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1. */
const STUDENT_T = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09,
  2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04,
] as const

/** The 95 % quantile of Student's t; infinite without a degree of freedom. */
export function studentT(degreesOfFreedom: number): number {
  if (degreesOfFreedom < 1) return Infinity
  return STUDENT_T[Math.floor(degreesOfFreedom) - 1] ?? 1.96 + 2.4 / degreesOfFreedom
}

/**
 * Half-width of the 95 % interval of one more null release, from the changes that controls showed; at least
 * `resolutionBytes`. The true value is known to be 0, so every control is a degree of freedom. Null without controls.
 */
export function noiseOf(changes: readonly number[], resolutionBytes: number): number | null {
  if (changes.length === 0) return null
  const meanSquare = changes.reduce((sum, change) => sum + change * change, 0) / changes.length
  return Math.ceil(Math.max(resolutionBytes, studentT(changes.length) * Math.sqrt(meanSquare)))
}

/**
 * The scatter of two dozen readings and its likeness to itself are estimates too: without this the intervals hold in 92
 * to 97 of 100 releases under load (bench/accuracy.ts, async).
 */
const COVERAGE_FACTOR = 1.15

/**
 * How far the level fell between `before` and `after`, with a common drift taken off (least squares:
 * level = a + b·time − step). Neighbouring residuals that resemble each other widen the interval. Too few levels for a
 * drift are compared without one.
 */
export function estimateStep(before: readonly Level[], after: readonly Level[]): Estimate {
  const levels = [...before, ...after]
  const stepped = levels.map((_, index) => (index < before.length ? 0 : 1))
  const hasDrift = before.length >= 3 && after.length >= 3 && levels.length >= 8
  const regressors = hasDrift ? levels.map(({ atMs }) => atMs) : levels.map(() => 0)
  const stepLeft = residuals(stepped, regressors)
  const bytesLeft = residuals(
    levels.map(({ bytes }) => bytes),
    regressors,
  )
  const weight = dot(stepLeft, stepLeft)
  const slope = dot(stepLeft, bytesLeft) / weight
  const noise = bytesLeft.map((value, index) => value - slope * (stepLeft[index] ?? 0))
  const fitted = hasDrift ? 3 : 2
  const degreesOfFreedom = levels.length - fitted
  const uncertainty =
    COVERAGE_FACTOR *
    studentT(degreesOfFreedom) *
    Math.sqrt(dot(noise, noise) / Math.max(1, degreesOfFreedom) / weight) *
    inflationOf(noise, fitted)
  return {
    bytes: Math.round(-slope) + 0, // no negative zero
    uncertaintyBytes: Number.isFinite(uncertainty) ? Math.ceil(uncertainty) : null,
  }
}

/** The rest of `values` after the best straight line over `regressors`; over constant ones, after the mean. */
function residuals(values: readonly number[], regressors: readonly number[]): number[] {
  const meanValue = mean(values)
  const meanRegressor = mean(regressors)
  const centred = regressors.map((value) => value - meanRegressor)
  const spread = dot(centred, centred)
  const off = values.map((value) => value - meanValue)
  const slope = spread === 0 ? 0 : dot(off, centred) / spread
  return off.map((value, index) => value - slope * (centred[index] ?? 0))
}

/**
 * How much wider neighbours that resemble each other make the interval (first-order autocorrelation). What a fit leaves
 * resembles itself less than the noise did, by about 1/n for each fitted parameter, and n readings tell it to 1/√n only:
 * with both, 95 % intervals hold in 94 of 100 runs up to a correlation of one half.
 */
function inflationOf(noise: readonly number[], fitted: number): number {
  const total = dot(noise, noise)
  if (total === 0) return 1
  const neighbours = noise.slice(1).reduce((sum, value, index) => sum + value * (noise[index] ?? 0), 0)
  const count = noise.length
  const correlation = Math.min(0.8, Math.max(0, (neighbours / total + fitted / count) * (1 + 1 / Math.sqrt(count))))
  return Math.sqrt((1 + correlation) / (1 - correlation))
}

/**
 * Which of `gaps` stand out: further from the median than eight robust standard deviations and than `least` bytes.
 * Returns the amount beyond the median, or null for a gap like the others.
 */
export function outstanding(gaps: readonly number[], least: number): (number | null)[] {
  const middle = median(gaps)
  const deviation = 1.4826 * median(gaps.map((gap) => Math.abs(gap - middle)))
  return gaps.map((gap) => (Math.abs(gap - middle) > Math.max(least, 8 * deviation) ? Math.round(gap - middle) : null))
}

/** Greatest less least; 0 of nothing. */
export function spreadOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values)
}

/** The middle value; the mean of the two middle ones; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2
}

/** 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}

/** When levels on the far side of a step are enough: the interval is as narrow as wanted, or more would not pay. */
export function levelsSuffice(
  before: readonly (Figures & { readonly atMs: number })[],
  after: readonly (Figures & { readonly atMs: number })[],
  bounds: { readonly least: number; readonly most: number; readonly wantedBytes: number },
): boolean {
  if (after.length < bounds.least) return false
  if (after.length >= bounds.most) return true
  const series = (levels: typeof before): Level[] =>
    levels.map((level) => ({ atMs: level.atMs, bytes: knownSum(level) }))
  const { uncertaintyBytes } = estimateStep(series(before), series(after))
  return uncertaintyBytes !== null && uncertaintyBytes <= bounds.wantedBytes
}

/** Of errors that are independent of each other, that of their sum; one that is unknown makes all of it unknown. */
export function rootOfSquares(errors: readonly (number | null)[]): number | null {
  let squares = 0
  for (const error of errors) {
    if (error === null) return null
    squares += error ** 2
  }
  return Math.ceil(Math.sqrt(squares))
}

/** Of some parts of a whole the least, the most, and the median; null of none. */
export function extremesOf<Part extends { readonly totalBytes: number }>(
  parts: readonly Part[],
): { readonly least: Part; readonly medianBytes: number; readonly most: Part } | null {
  const sorted = parts.toSorted((a, b) => a.totalBytes - b.totalBytes)
  const [least] = sorted
  const most = sorted.at(-1)
  if (least === undefined || most === undefined) return null
  return { least, medianBytes: median(sorted.map(({ totalBytes }) => totalBytes)), most }
}
