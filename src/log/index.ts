/**
 * `cache-attribution/log`: reports on a schedule, to any logger.
 *
 * @module log
 */
export { PeriodicReporter } from './periodic-reporter.js'
export type { ReportingCoordinator } from './periodic-reporter.js'
export type { PeriodicReporterOptions, ReportMode, Schedule } from './options.js'
export type { HistorySink, Logger } from './sinks.js'
export type { Growth, TrendLike, TrendSource, TrendsLike } from './growth.js'
export type { LogEnvironment } from './environment.js'
export type { CacheLine, FailedLine, LineHead, MemoryLine, SkippedLine, Tick } from './lines.js'
