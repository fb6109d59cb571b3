/** The options of a measurement: their bounds and defaults. */
import { abortSignal, callable, number, optional, resolveOptions } from '../support/options.js'

/** Options of {@link retainedBytes} and {@link expectRetained}. */
export interface RetainedOptions {
  /** Calls in one round, of which there are up to four. 4 to 1,000,000. @default 100 */
  readonly times?: number | undefined
  /** Calls before the first reading, in which code is compiled and tables are filled. @default `times` */
  readonly warmUp?: number | undefined
  /** How long a call may take that returns a promise, in milliseconds. @default 30_000 */
  readonly callTimeoutMs?: number | undefined
  /** Ends the measurement between two calls. */
  readonly signal?: AbortSignal | undefined
}

/** The same, complete. */
export interface ResolvedRetainedOptions {
  readonly times: number
  readonly warmUp: number
  readonly callTimeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** One call of what is measured. */
export type MeasuredCall = () => unknown

const TIMES = 100
const CALLS_MAX = 1_000_000
const DAY_MS = 24 * 60 * 60 * 1000

/** @throws CacheAttributionError `ERR_OPTION_*` */
export function resolveRetainedOptions(
  owner: string,
  call: MeasuredCall,
  options: RetainedOptions | undefined,
): ResolvedRetainedOptions {
  callable(call, `the call of ${owner}`)
  const resolved = resolveOptions<Omit<ResolvedRetainedOptions, 'warmUp'> & { warmUp: number | undefined }>(
    owner,
    options,
    {
      times: { check: number({ min: 4, max: CALLS_MAX, integer: true }), fallback: TIMES },
      warmUp: optional(number({ min: 0, max: CALLS_MAX, integer: true })),
      callTimeoutMs: { check: number({ min: 1, max: DAY_MS, integer: true }), fallback: 30_000 },
      signal: optional(abortSignal),
    },
  )
  return { ...resolved, warmUp: resolved.warmUp ?? resolved.times }
}
