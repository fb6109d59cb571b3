/** The parts of `src/profiling/growth/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { growthLimit } from '../../../src/profiling/growth/growth-reader.js'
export { GrowthRules } from '../../../src/profiling/growth/growth-rules.js'
export type { GrowthRuleOptions } from '../../../src/profiling/growth/growth-rules.js'
export type { GrowthActionResult } from '../../../src/profiling/growth/types.js'
