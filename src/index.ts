/**
 * cache-attribution: measures which cache of a Node service holds how much memory.
 *
 * @packageDocumentation
 */
export { Coordinator, RunAbortedError } from './coordinator/coordinator.js'
export type { CalibrationPoint, CalibrationState } from './coordinator/calibration.js'
export type { CoordinatorEventPayloads, CoordinatorEvents } from './coordinator/events.js'
export type { CacheObservation, Observation } from './coordinator/observe.js'
export type { AttributeOptions, Budget, CoordinatorOptions } from './coordinator/options.js'
export type { CacheDescription, LastMeasured, Registration } from './coordinator/registry.js'
export type {
  RegistrationOptions,
  Releasable,
  ReleasableTraits,
  ReleaseContext,
  TrimContext,
} from './coordinator/releasable.js'
export { formatReport } from './report/format.js'
export type { FormatOptions } from './report/format.js'
export type {
  AttributedBytes,
  AttributionMode,
  AttributionReport,
  CacheAttribution,
  CacheStatus,
  ReportNoise,
  ReportProcess,
  ReportTwin,
  ReportWarning,
  RowError,
  Trigger,
  TrimChoice,
  TrimSummary,
} from './report/types.js'
export type { MemorySample } from './measure/sample.js'
export type { GcMode } from './measure/settle.js'
export { openAllocator } from './allocator/open.js'
export type { OpenAllocatorOptions } from './allocator/open.js'
export { SLOT, SLOT_COUNT } from './allocator/port.js'
export type { Allocator, AllocatorName, BindingKind, Mallctl, MallctlType, MallctlTypes } from './allocator/port.js'
export { CoordinatorError, ERROR_CODES, MallctlError, WARNING_CODES } from './support/errors.js'
export type { ErrorCode, WarningCode } from './support/errors.js'
export { nodeEnvironment } from './support/environment.js'
export type { Collector, Environment, ProcessFigures } from './support/environment.js'
