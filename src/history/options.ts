/** The options of a history: what each means, its unit, its bounds, its default. */
import process from 'node:process'
import { ownTimers } from '../support/own-timers.js'
import { callable, number, optional, resolveOptions, shaped } from '../support/options.js'
import type { HistoryClock, HistoryWarning } from './types.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MIB = 1024 * 1024

/** Options of `ReportHistory.open()`. */
export interface HistoryOptions {
  /** A new file begins when the present one has more than this many bytes. @default 8 MiB */
  readonly rotateBytes?: number | undefined
  /** A new file begins when the present one is older than this many milliseconds; at most 7 days. @default a day */
  readonly rotateMs?: number | undefined
  /** Bytes of all files together. Beyond it the oldest are deleted. @default 256 MiB */
  readonly maxBytes?: number | undefined
  /**
   * Files whose last record is older than this many milliseconds are deleted. Their age is measured against the newest
   * record of others and the running time of this process: a wrong wall clock deletes nothing.
   * @default 90 days
   */
  readonly maxAgeMs?: number | undefined
  /**
   * Observations older than this many milliseconds are thinned out to one in ten minutes, and to one in an hour when they are seven
   * times as old. Reports are kept. @default 2 days
   */
  readonly thinAfterMs?: number | undefined
  /** Bytes of records that wait in memory while the disk takes none. @default 4 MiB */
  readonly backlogBytes?: number | undefined
  /** How far back trends reach, in milliseconds. @default 7 days */
  readonly trendWindowMs?: number | undefined
  /**
   * The memory limit for forecasts, in bytes.
   * @default undefined: the limit of the control group, where there is one
   */
  readonly limitBytes?: number | undefined
  /** Called with torn lines, a full disk and the like. @default process.emitWarning() */
  readonly onWarning?: ((warning: HistoryWarning) => void) | undefined
  /** Clocks; for tests and simulations. */
  readonly clock?: HistoryClock | undefined
}

/** The same, complete. */
export interface ResolvedHistoryOptions {
  readonly rotateBytes: number
  readonly rotateMs: number
  readonly maxBytes: number
  readonly maxAgeMs: number
  readonly thinAfterMs: number
  readonly backlogBytes: number
  readonly trendWindowMs: number
  readonly limitBytes: number | undefined
  readonly onWarning: (warning: HistoryWarning) => void
  readonly clock: HistoryClock
}

/** @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE` */
export function resolveHistoryOptions(given: HistoryOptions | undefined): ResolvedHistoryOptions {
  const bytes = number({ min: 1024, integer: true })
  const span = number({ min: MINUTE_MS })
  return resolveOptions<ResolvedHistoryOptions>('ReportHistory.open()', given, {
    rotateBytes: { check: bytes, fallback: 8 * MIB },
    rotateMs: { check: number({ min: MINUTE_MS, max: 7 * DAY_MS }), fallback: DAY_MS },
    maxBytes: { check: bytes, fallback: 256 * MIB },
    maxAgeMs: { check: span, fallback: 90 * DAY_MS },
    thinAfterMs: { check: span, fallback: 2 * DAY_MS },
    backlogBytes: { check: number({ min: 0, integer: true }), fallback: 4 * MIB },
    trendWindowMs: { check: span, fallback: 7 * DAY_MS },
    limitBytes: optional(number({ min: 1, integer: true })),
    onWarning: { check: (value, name) => callable(value, name) as (warning: HistoryWarning) => void, fallback: emit },
    clock: {
      check: shaped<HistoryClock>('an object with now() and date()', (value) => {
        const { now, date } = value as Partial<HistoryClock>
        return typeof now === 'function' && typeof date === 'function'
      }),
      fallback: { now: ownTimers.now, date: ownTimers.date },
    },
  })
}

function emit({ code, message }: HistoryWarning): void {
  process.emitWarning(message, { type: 'CacheAttributionWarning', code })
}
