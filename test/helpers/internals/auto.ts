/** The parts of `src/auto/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { ExportWrapper } from '../../../src/auto/export-wrapper.js'
export type { Creation } from '../../../src/auto/export-wrapper.js'
export { FollowBudget } from '../../../src/auto/follow-budget.js'
export { LIBRARIES, exportsOf, hiderOf, isCacheCode } from '../../../src/auto/libraries.js'
export { processKindOf } from '../../../src/auto/process-kind.js'
export type { ProcessFacts, ProcessKind } from '../../../src/auto/process-kind.js'
export { isSwitchedOff, readSettings } from '../../../src/auto/settings.js'
export type { AutoSettings } from '../../../src/auto/settings.js'
