/**
 * Heap profiles: taken on demand and on growth, read, converted, kept.
 *
 * @packageDocumentation
 */
export { HeapProfiler } from './profiler/heap-profiler.js'
export type { ActivateOptions, DumpFile, DumpOptions } from './profiler/heap-profiler.js'
export type { CaptureKind, CaptureOptions, CaptureView, HeapProfilerOptions } from './profiler/options.js'
export type { ProfilingState } from './profiler/state.js'
export { GrowthMonitor } from './growth/monitor.js'
export type {
  FinishedGrowthEvent,
  GrowthEvent,
  GrowthMonitorEvents,
  GrowthStatistics,
} from './growth/monitor.js'
export type { GrowthActionResult } from './growth/actions.js'
export type { GrowthAction, GrowthCoordinator, GrowthMonitorOptions, GrowthRate } from './growth/options.js'
export type { GrowthQuantity } from './growth/readings.js'
export type { GrowthTrigger } from './growth/rules.js'
export { DumpCatalogue } from './dumps/catalogue.js'
export type {
  Dump,
  DumpCatalogueOptions,
  DumpFilter,
  DumpsAround,
  PruneOptions,
  ServedDump,
} from './dumps/catalogue.js'
export { dumpName, parseDumpName } from './dumps/names.js'
export type { DumpKind, DumpName, DumpTrigger } from './dumps/names.js'
