/**
 * From the changes of memory in batches of calls to the bytes of one call. Pure.
 *
 * Rule: what counts is growth against calls, never a level: a table that is filled once, code that is compiled once and a cache that has
 * its size stop growing, and a leak does not.
 */
import { mean, median, studentT } from '../report/statistics.js'

/** Changes of settled readings, in bytes: over batches of calls, and over as many pauses without a call. */
export interface Batches {
  readonly grown: readonly number[]
  readonly controls: readonly number[]
  readonly callsPerBatch: number
}

/** Bytes of one call, and the half-width of the 95 % interval. */
export interface PerCall {
  readonly bytes: number
  readonly uncertaintyBytes: number
}

/** Two settled readings agree within this. */
const RESOLUTION_BYTES = 1024

/** The mean growth of a call, less what pauses show. */
export function perCall({ grown, controls, callsPerBatch }: Batches): PerCall {
  const bytes = mean(grown) - mean(controls)
  const standardError = Math.hypot(errorOfMean(grown), errorOfMean(controls))
  const reach = studentT(Math.min(grown.length, controls.length) - 1) * standardError
  const resolution = RESOLUTION_BYTES / grown.length
  return {
    bytes: bytes / callsPerBatch,
    uncertaintyBytes: Math.max(reach, resolution) / callsPerBatch,
  }
}

/** Whether the second half of the batches grew as much as the first: what falls off may end. */
export function isSteady({ grown }: Batches): boolean {
  const half = grown.length >> 1
  const [first, second] = [grown.slice(0, half), grown.slice(half)]
  if (second.length < 2) return true
  const fall = mean(first) - mean(second)
  const reach = studentT(half - 1) * Math.hypot(errorOfMean(first), errorOfMean(second))
  // One batch in which something was compiled makes its half scatter, so that the medians have to fall as well.
  return fall <= Math.max(reach, RESOLUTION_BYTES) || median(first) - median(second) <= RESOLUTION_BYTES
}

/** A round's verdict on a limit, in bytes of one call. */
export type Verdict = 'below' | 'above' | 'undecided'

/** Above or below only with the whole interval. */
export function verdictOn({ bytes, uncertaintyBytes }: PerCall, limitBytes: number): Verdict {
  if (bytes + uncertaintyBytes <= limitBytes) return 'below'
  return bytes - uncertaintyBytes > limitBytes ? 'above' : 'undecided'
}

function errorOfMean(values: readonly number[]): number {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1) / Math.max(1, values.length))
}
