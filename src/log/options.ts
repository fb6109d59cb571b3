/** The options of a reporter: what each means, its unit, its bounds, its default. */
import type { AttributeOptions } from '../coordinator/options.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { leaseShaped } from '../support/lease.js'
import type { Lease } from '../support/lease.js'
import { number, oneOf, optional, resolveOptions, shaped, text } from '../support/options.js'
import type { Check } from '../support/options.js'
import { realEnvironment } from './environment.js'
import type { LogEnvironment } from './environment.js'
import type { TrendSource } from './growth.js'
import { isObjectLogger } from './sinks.js'
import type { HistorySink, Logger } from './sinks.js'

/** The task of a tick: an observation, or a run. */
export type ReportMode = 'observe' | 'twin' | 'trim' | 'release'

/** One schedule of several. */
export interface Schedule {
  /**
   * Milliseconds between ticks, at least 1,000. Give either this or `cron`.
   */
  readonly every?: number | undefined
  /** A cron expression, e.g. `0 3 * * *`; needs the package `croner`. */
  readonly cron?: string | undefined
  /** Time zone of `cron`, e.g. `Europe/Berlin`. @default the process's */
  readonly timeZone?: string | undefined
  /**
   * `observe` reads figures and releases nothing. `twin`, `trim` and `release` make a run.
   * @default 'observe'
   */
  readonly mode?: ReportMode | undefined
  /** Further options of `attribute()` for this schedule's runs, e.g. `{ except: ['sessions'], budget: { pauseMs: 200 } }`. */
  readonly attribute?: Omit<AttributeOptions, 'mode' | 'signal' | 'trigger'> | undefined
}

/** Options of {@link PeriodicReporter}. */
export interface PeriodicReporterOptions {
  /**
   * The schedules: when to observe, and when to measure.
   * @default [{ every: 60_000, mode: 'observe' }]
   */
  readonly schedules?: readonly Schedule[] | undefined
  /**
   * Anything with `info()` and `warn()`. If it has `child()`, it is called like pino (fields, then a text), else like
   * console (one text).
   * @default console
   */
  readonly logger?: Logger | undefined
  /**
   * `fields`: an object and a text, for pino. `json`: one line of JSON. `text`: tables, several lines.
   * @default 'fields' for a logger like pino, else 'json'
   */
  readonly form?: 'fields' | 'json' | 'text' | undefined
  /** Each interval is moved by at most this share of itself, 0 to 0.5. @default 0.1 */
  readonly jitter?: number | undefined
  /** A run is skipped if its tick is later than this many milliseconds: the event loop has other work. @default 200 */
  readonly lateMs?: number | undefined
  /** A run is skipped if the process used more processors than this since the last tick. @default 0.9 */
  readonly cpu?: number | undefined
  /** Caches in a line, the largest first. 0 to 10,000. @default 20 */
  readonly caches?: number | undefined
  /** Where reports and observations are kept, e.g. a `ReportHistory`. */
  readonly history?: HistorySink | undefined
  /** The source of the verdicts on growth. @default `history` where it has `trends()`, else five rising readings in a row */
  readonly trends?: TrendSource | undefined
  /**
   * Asked before each run, so that at most so many processes of a service measure at a time: `redisLease()` or `fileLease()` of
   * `cache-attribution/fleet`. Observations need none.
   */
  readonly lease?: Lease | undefined
  /** Milliseconds that a run waits for the lease; then its tick is skipped. 0 to one day. @default 60_000 */
  readonly leaseWaitMs?: number | undefined
  /** Clocks and timers; for tests. */
  readonly environment?: LogEnvironment | undefined
}

/** One schedule, complete. */
export interface ResolvedSchedule {
  readonly every: number | undefined
  readonly cron: string | undefined
  readonly timeZone: string | undefined
  readonly mode: ReportMode
  readonly attribute: Omit<AttributeOptions, 'mode' | 'signal' | 'trigger'>
}

/** The same, complete. */
export interface ResolvedReporterOptions {
  readonly schedules: readonly ResolvedSchedule[]
  readonly logger: Logger
  readonly form: 'fields' | 'json' | 'text'
  readonly jitter: number
  readonly lateMs: number
  readonly cpu: number
  readonly caches: number
  readonly history: HistorySink | undefined
  readonly trends: TrendSource | undefined
  readonly lease: Lease | undefined
  readonly leaseWaitMs: number
  readonly environment: LogEnvironment
}

const EVERY_MIN_MS = 1000
const DAY_MS = 24 * 3_600_000
const YEAR_MS = 366 * DAY_MS

const attribute: Check<ResolvedSchedule['attribute']> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"${name}" must be options of attribute(), got ${describe(value)}`,
    )
  }
  for (const own of ['mode', 'signal', 'trigger']) {
    if (own in value)
      throw new CacheAttributionError('ERR_OPTION_RANGE', `"${name}.${own}" is the reporter's own to set`)
  }
  return { ...value }
}

function schedule(value: unknown): ResolvedSchedule {
  const resolved = resolveOptions<ResolvedSchedule>('a schedule', value, {
    every: optional(number({ min: EVERY_MIN_MS, max: YEAR_MS })),
    cron: optional(text(200)),
    timeZone: optional(text(100)),
    mode: { check: oneOf('observe', 'twin', 'trim', 'release'), fallback: 'observe' },
    attribute: { check: attribute, fallback: {} },
  })
  if ((resolved.every === undefined) === (resolved.cron === undefined)) {
    throw new CacheAttributionError('ERR_OPTION_RANGE', 'a schedule has either "every" or "cron"')
  }
  return resolved
}

const schedules: Check<readonly ResolvedSchedule[]> = (value, name) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"${name}" must be an array of schedules, got ${describe(value)}`,
    )
  }
  return value.map(schedule)
}

/** Has these functions. */
const having = <T>(expected: string, ...functions: readonly string[]): Check<T> =>
  shaped<T>(expected, (value) =>
    functions.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
  )

/** Checks the options of a reporter. */
export function resolveReporterOptions(options: PeriodicReporterOptions | undefined): ResolvedReporterOptions {
  const given = resolveOptions('PeriodicReporter', options, {
    schedules: { check: schedules, fallback: [schedule({ every: 60_000 })] as readonly ResolvedSchedule[] },
    logger: { check: having<Logger>('a logger with info() and warn()', 'info', 'warn'), fallback: console },
    form: optional(oneOf('fields', 'json', 'text')),
    jitter: { check: number({ min: 0, max: 0.5 }), fallback: 0.1 },
    lateMs: { check: number({ min: 1, unbounded: true, max: Infinity }), fallback: 200 },
    cpu: { check: number({ min: 0.01, unbounded: true, max: Infinity }), fallback: 0.9 },
    caches: { check: number({ min: 0, max: 10_000, integer: true }), fallback: 20 },
    history: optional(
      having<HistorySink>('a history with append() and appendObservation()', 'append', 'appendObservation'),
    ),
    trends: optional(having<TrendSource>('an object with trends()', 'trends')),
    lease: optional(leaseShaped),
    leaseWaitMs: { check: number({ min: 0, max: DAY_MS }), fallback: 60_000 },
    environment: { check: having<LogEnvironment>('an environment', 'now', 'after'), fallback: realEnvironment },
  })
  const ofHistory =
    typeof given.history?.trends === 'function' ? (given.history as HistorySink & TrendSource) : undefined
  return {
    ...given,
    form: given.form ?? (isObjectLogger(given.logger) ? 'fields' : 'json'),
    trends: given.trends ?? ofHistory,
  }
}
