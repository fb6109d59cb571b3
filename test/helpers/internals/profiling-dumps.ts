/** The parts of `src/profiling/dumps/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { dumpName, parseDumpName } from '../../../src/profiling/dumps/dump-names.js'
export type { DumpTrigger } from '../../../src/profiling/dumps/dump-names.js'
