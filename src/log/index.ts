/**
 * `cache-attribution/log`: reports on a schedule, to any logger.
 *
 * @module log
 */
export { openTelemetryLogger } from './opentelemetry-logger.js'
export type { LogRecordProvider } from './opentelemetry-logger.js'
export { PeriodicReporter } from './periodic-reporter.js'
export type { PeriodicReporterOptions, Schedule } from './options.js'
export type { Logger } from './sinks.js'
export type { MemoryLine, SkippedLine, Tick } from './lines.js'
