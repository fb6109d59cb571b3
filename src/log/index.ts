/**
 * `cache-attribution/log`: reports on a schedule, to any logger.
 *
 * @module log
 */
export { PeriodicReporter } from './periodic-reporter.js'
export type { PeriodicReporterOptions, ReportMode, Schedule } from './options.js'
export type { Logger } from './sinks.js'
export type { CacheLine, FailedLine, MemoryLine, OwnerLine, SkippedLine, Tick } from './lines.js'
