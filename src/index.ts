/**
 * cache-attribution: measures which cache of a Node service holds how much memory.
 *
 * @packageDocumentation
 */
export { Coordinator } from './coordinator/coordinator.js'
export { RunAbortedError } from './coordinator/run-aborted-error.js'
export type { CalibrationState } from './coordinator/calibration-json.js'
export type { CoordinatorEvents } from './coordinator/events.js'
export type { Observation } from './coordinator/observe.js'
export type { AttributeOptions, CoordinatorOptions } from './coordinator/options.js'
export { calibratedSize } from './coordinator/entry-size.js'
export type { EntrySize } from './coordinator/entry-size.js'
export { releaseUnderPressure } from './coordinator/pressure/release-under-pressure.js'
export type { PressureWatch } from './coordinator/pressure/release-under-pressure.js'
export type { PressureOptions } from './coordinator/pressure/options.js'
export type { PressureRound } from './coordinator/pressure/types.js'
export type { Registration } from './coordinator/registry.js'
export type { RegistrationOptions, Releasable, ReleaseContext, TrimContext } from './coordinator/releasable.js'
export { formatReport } from './report/format-report.js'
export { headline } from './report/headline.js'
export type {
  AttributedBytes,
  AttributionMode,
  AttributionReport,
  CacheAttribution,
  ReportWarning,
} from './report/types.js'
export type { MemorySample } from './measure/sample.js'
export { breakdown } from './breakdown/index.js'
export { isolateHeap, workerHeaps } from './breakdown/isolates.js'
export { diagnose } from './report/breakdown/diagnose.js'
export { formatBreakdown } from './report/breakdown/format-breakdown.js'
export type { IsolateHeap, MemoryNode } from './report/breakdown/types.js'
export { CacheAttributionError, ERROR_CODES, MallctlError, WARNING_CODES } from './support/errors.js'
export type { ErrorCode, WarningCode } from './support/errors.js'
