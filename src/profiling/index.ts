/**
 * Heap profiles of this process: taken on demand and on growth, kept and found again.
 * `cache-attribution/heap-profile` reads and converts them.
 *
 * @packageDocumentation
 */
export { HeapProfiler } from './profiler/heap-profiler.js'
export type { CaptureOptions, HeapProfilerOptions } from './profiler/options.js'
export type { ProfilingState } from './profiler/profiling-state.js'
export { supportsJavaScriptStacks } from './javascript-stacks/support.js'
export { GrowthMonitor } from './growth/growth-monitor.js'
export type { FinishedGrowthEvent, GrowthEvent } from './growth/types.js'
export type { GrowthMonitorOptions } from './growth/options.js'
export { DumpCatalogue } from './dumps/dump-catalogue.js'
export type { Dump, DumpCatalogueOptions } from './dumps/dump-catalogue.js'
export { BlackBox } from './black-box/black-box.js'
export type { BlackBoxOptions } from './black-box/options.js'
export { postmortem } from './black-box/postmortem.js'
export type { Postmortem } from './black-box/types.js'
