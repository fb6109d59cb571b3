/**
 * Heap profiles of this process: taken on demand and on growth, kept and found again. What reads and converts them is
 * `cache-attribution/heap-profile`, whose names stand here, too: a profile that is taken is mostly read.
 *
 * @packageDocumentation
 */
export { HeapProfiler } from './profiler/heap-profiler.js'
export type { ActivateOptions, DumpFile, DumpOptions, DumpText } from './profiler/heap-profiler.js'
export type { CaptureKind, CaptureOptions, HeapProfilerOptions } from './profiler/options.js'
export type { ProfilingState } from './profiler/profiling-state.js'
export { supportsJavaScriptStacks } from './javascript-stacks/support.js'
export type { JavaScriptStacksSupport } from './javascript-stacks/support.js'
export { GrowthMonitor } from './growth/growth-monitor.js'
export type { FinishedGrowthEvent, GrowthEvent, GrowthStatistics } from './growth/types.js'
export type { GrowthActionResult } from './growth/types.js'
export type { GrowthMonitorOptions } from './growth/options.js'
export type { GrowthAction } from './growth/types.js'
export { DumpCatalogue } from './dumps/dump-catalogue.js'
export type { Dump, DumpCatalogueOptions } from './dumps/dump-catalogue.js'
export * from '../heap-profile/index.js'
