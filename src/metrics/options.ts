/** Options of the collectors: what each means, its bounds, its default. */
import type { Coordinator } from '../coordinator/coordinator.js'
import type { FinishedGrowthEvent, GrowthEvent, GrowthStatistics } from '../profiling/growth/types.js'
import type { ProfilingState } from '../profiling/profiler/profiling-state.js'
import type { AttributionReport } from '../report/types.js'
import { nodeEnvironment } from '../support/environment.js'
import type { Environment } from '../support/environment.js'
import { CacheAttributionError, describe, warnOfError } from '../support/errors.js'
import { boolean, callable, number, optional, resolveOptions, shaped } from '../support/options.js'
import type { Check, OptionRules } from '../support/options.js'

/** The part of a coordinator that is needed. */
export type MeteredCoordinator = Pick<Coordinator, 'allocator' | 'isRunning' | 'observe' | 'on' | 'off'>

/** The part of a history that is needed. */
export interface MeteredHistory {
  /** The report with what the history knows of each row and of the floor. */
  withTrends(report: AttributionReport): AttributionReport | Promise<AttributionReport>
}

/** The part of a heap profiler that is needed. */
interface MeteredProfiler {
  readonly state: ProfilingState
  readonly running: readonly string[]
}

/** The part of a growth monitor that is needed. */
export interface MeteredMonitor {
  readonly statistics: GrowthStatistics
  /** Listens for firings. */
  on(event: 'fired', listener: (event: GrowthEvent | FinishedGrowthEvent) => void): unknown
  /** Takes a listener off. */
  off(event: 'fired', listener: (event: GrowthEvent | FinishedGrowthEvent) => void): unknown
}

/** The options of both kinds of collectors. */
export interface MetricsOptions {
  /**
   * Supplies trends for reports that carry none. Do not give one that is attached to the coordinator: its reports carry
   * them. It is asked once after each run, never by a scrape.
   */
  readonly history?: MeteredHistory | undefined
  /** Its state is read for each snapshot. */
  readonly profiler?: MeteredProfiler | undefined
  /** Growth monitors by the name under which they are shown; at most 100. @default {} */
  readonly monitors?: Readonly<Record<string, MeteredMonitor>> | undefined
  /** Whether each arena of jemalloc is shown: eight series an arena, with four arenas a processor. @default false */
  readonly arenas?: boolean | undefined
  /**
   * The number of caches with series of their own, the largest first, and of allocation counters. The others are summed as
   * `other`. 1 to 10,000.
   * @default 100
   */
  readonly maxCaches?: number | undefined
  /**
   * Milliseconds for which a snapshot is reused: within them any number of scrapes cost one epoch of the allocator. 100
   * to 60,000.
   * @default 1000
   */
  readonly maxAgeMs?: number | undefined
  /** Bytes that the process may use. @default the limit of its control group, where it has one */
  readonly limitBytes?: number | undefined
  /** Called with readings that failed; their figures are missing. @default process.emitWarning() */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Clocks; for tests. @default nodeEnvironment */
  readonly environment?: Pick<Environment, 'now' | 'date'> | undefined
}

/** The same, complete. */
export interface ResolvedMetricsOptions {
  readonly history: MeteredHistory | undefined
  readonly profiler: MeteredProfiler | undefined
  readonly monitors: Readonly<Record<string, MeteredMonitor>>
  readonly arenas: boolean
  readonly maxCaches: number
  readonly maxAgeMs: number
  readonly limitBytes: number | undefined
  readonly onError: (error: unknown) => void
  readonly environment: Pick<Environment, 'now' | 'date'>
}

const MONITORS_MAX = 100

const METRICS_RULES: OptionRules<ResolvedMetricsOptions> = {
  history: optional(shaped<MeteredHistory>('a ReportHistory', has('withTrends'))),
  profiler: optional(shaped<MeteredProfiler>('a HeapProfiler', (value) => 'state' in value && 'running' in value)),
  monitors: { check: monitorsCheck, fallback: {} },
  arenas: { check: boolean, fallback: false },
  maxCaches: { check: number({ min: 1, max: 10_000, integer: true }), fallback: 100 },
  maxAgeMs: { check: number({ min: 100, max: 60_000 }), fallback: 1000 },
  limitBytes: optional(number({ min: 1 })),
  onError: { check: callable as Check<(error: unknown) => void>, fallback: warnOfError },
  environment: {
    check: shaped<Pick<Environment, 'now' | 'date'>>('an environment', has('now')),
    fallback: nodeEnvironment,
  },
}

/** Checks the options that all collectors share, and those of `further`. */
export function resolveMetricsOptions<Further extends object>(
  owner: string,
  options: object | undefined,
  further: OptionRules<Further>,
): ResolvedMetricsOptions & Further {
  const rules = { ...METRICS_RULES, ...further } as OptionRules<ResolvedMetricsOptions & Further>
  return resolveOptions(owner, options, rules)
}

/** Refuses what is no coordinator. @throws CacheAttributionError `ERR_OPTION_TYPE` */
export function checkCoordinator(owner: string, coordinator: unknown): void {
  const isOne =
    typeof coordinator === 'object' && coordinator !== null && has('observe')(coordinator) && has('on')(coordinator)
  if (!isOne) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `${owner} takes a Coordinator, got ${describe(coordinator)}`)
  }
}

function monitorsCheck(value: unknown, name: string): Readonly<Record<string, MeteredMonitor>> {
  const isMonitor = shaped<MeteredMonitor>(
    'growth monitors by name',
    (monitor) => 'statistics' in monitor && has('on')(monitor),
  )
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"${name}" must be an object of growth monitors by name, got ${describe(value)}`,
    )
  }
  const entries = Object.entries(value)
  if (entries.length > MONITORS_MAX) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"${name}" must have at most ${String(MONITORS_MAX)} monitors, got ${String(entries.length)}`,
    )
  }
  return Object.fromEntries(entries.map(([label, monitor]) => [label, isMonitor(monitor, name)]))
}

function has(method: string): (value: object) => boolean {
  return (value) => typeof (value as Record<string, unknown>)[method] === 'function'
}
