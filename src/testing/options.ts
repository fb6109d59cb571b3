/** The options of a measurement: their bounds and defaults; and limits as people write them. */
import { CacheAttributionError, describe } from '../support/errors.js'
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

const SIZE = /^(\d+(?:\.\d+)?) ?(B|KB|KIB|MB|MIB|GB|GIB)?$/i
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  KIB: 1024,
  MB: 1000 ** 2,
  MIB: 1024 ** 2,
  GB: 1000 ** 3,
  GIB: 1024 ** 3,
}

/**
 * A limit in bytes, from a number or a text such as `1 KiB`, `500 B`, `1.5 MB`.
 *
 * @throws CacheAttributionError `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
 */
export function limitBytes(limit: unknown): number {
  if (typeof limit === 'number') return number({ min: 0, unbounded: true, max: Infinity })(limit, 'limit')
  if (typeof limit !== 'string') {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"limit" must be bytes as a number, or a text such as '1 KiB', got ${describe(limit)}`,
    )
  }
  const [, amount, unit = 'B'] = SIZE.exec(limit.trim()) ?? []
  const bytes = Number(amount) * (UNIT_BYTES[unit.toUpperCase()] ?? NaN)
  if (amount !== undefined && Number.isFinite(bytes)) return bytes
  throw new CacheAttributionError(
    'ERR_OPTION_RANGE',
    `"limit" must be a number with B, KB, KiB, MB, MiB, GB or GiB behind it, got ${describe(limit)}`,
  )
}
