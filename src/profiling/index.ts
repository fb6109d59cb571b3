/**
 * Heap profiles: taken on demand and on growth, read, converted, kept.
 *
 * @packageDocumentation
 */
export { HeapProfiler } from './profiler/heap-profiler.js'
export type { ActivateOptions, DumpFile, DumpOptions, DumpText } from './profiler/heap-profiler.js'
export type { CaptureKind, CaptureOptions, CaptureView, HeapProfilerOptions } from './profiler/options.js'
export type { ProfilingState } from './profiler/state.js'
export { GrowthMonitor } from './growth/monitor.js'
export type { FinishedGrowthEvent, GrowthEvent, GrowthMonitorEvents, GrowthStatistics } from './growth/monitor.js'
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
export { parseHeapProfile, readHeapProfile } from './profile/parser.js'
export type { ParseOptions } from './profile/parser.js'
export { parseAnyProfile } from './profile/from-pprof.js'
export { selectThread } from './profile/threads.js'
export { totalOf } from './profile/columns-of.js'
export { ProfileBuilder } from './profile/builder.js'
export type { ProfileFacts } from './profile/builder.js'
export { subtractProfile } from './profile/difference.js'
export { symbolize } from './symbols/symbolize.js'
export type { SymbolizeOptions } from './symbols/symbolize.js'
export { formatTopTable, topTable } from './output/top.js'
export type { OutputOptions, TopRow, TopTable } from './output/top.js'
export { foldedLines, toFolded } from './output/folded.js'
export { toPprof } from './output/pprof.js'
export type { PprofOptions } from './output/pprof.js'
export { flamegraphPolicy, toFlamegraph } from './output/flamegraph.js'
export type { FlamegraphOptions } from './output/flamegraph.js'
export type {
  FileIdentity,
  Frame,
  FrameFunction,
  HeapProfile,
  Mapping,
  SampleTable,
  SampleType,
  SampleTypeName,
  ThreadTable,
} from './profile/types.js'
