/** The parts of `src/coordinator/run/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { allocatorWarnings, sampleBytes } from '../../../src/coordinator/run/allocator-warnings.js'
export { layOut, predictPauseMs, selectCaches, stepsWithin } from '../../../src/coordinator/run/plan.js'
export type { PlannableCache, PlannedTurn } from '../../../src/coordinator/run/plan.js'
export { ReportExtensions } from '../../../src/coordinator/run/report-extensions.js'
export { threadCacheError } from '../../../src/coordinator/run/thread-cache-error.js'
