/**
 * cache-attribution: measures which cache of a Node service holds how much memory.
 *
 * @packageDocumentation
 */
export { Coordinator, RunAbortedError } from './coordinator/coordinator.js'
export type { ExtendReport } from './coordinator/run/report-extensions.js'
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
export { formatReport } from './report/format-report.js'
export { headline } from './report/headline.js'
export type { FormatOptions } from './report/format-report.js'
export type {
  AttributedBytes,
  AttributionMode,
  AttributionReport,
  CacheAttribution,
  CacheStatus,
  ReportNoise,
  ReportProcess,
  ReportSelfCheck,
  ReportTwin,
  ReportWarning,
  RowError,
  SelfCheckPart,
  Trigger,
  ToldBytes,
  TrimChoice,
  TrimSummary,
  WorkerHeap,
} from './report/types.js'
export type { FloorTrend, Forecast, Refill, Trend, TrendSlope, TrendVerdict } from './report/trends/types.js'
export type { ReportResidual, ResidualStack } from './report/residual/types.js'
export type { ByQuantity, Figures, Quantity } from './measure/figures.js'
export type { MemorySample } from './measure/sample.js'
export type { GcMode } from './measure/settle.js'
export { breakdown } from './breakdown/index.js'
export type { BreakdownOptions, ObservableCoordinator } from './breakdown/index.js'
export { isolateHeap, workerHeaps } from './breakdown/isolates.js'
export type { AskableWorker } from './breakdown/isolates.js'
export type { ObservedCache } from './breakdown/read.js'
export { diagnose } from './report/breakdown/diagnose.js'
export type { Diagnosis } from './report/breakdown/diagnose.js'
export { formatBreakdown } from './report/breakdown/format-breakdown.js'
export type { FormatBreakdownOptions } from './report/breakdown/format-breakdown.js'
export type { HeapSpace, IsolateHeap, MemoryNode } from './report/breakdown/types.js'
export { openAllocator } from './allocator/open.js'
export type { OpenAllocatorOptions } from './allocator/open.js'
export { SLOT, SLOT_COUNT } from './allocator/port.js'
export type { Allocator, AllocatorName, BindingKind, Mallctl, MallctlType, MallctlTypes } from './allocator/port.js'
export { CacheAttributionError, ERROR_CODES, MallctlError, WARNING_CODES } from './support/errors.js'
export type { ErrorCode, WarningCode } from './support/errors.js'
export { nodeEnvironment } from './support/environment.js'
export type { Collector, Environment, MajorGcState, ProcessFigures } from './support/environment.js'
