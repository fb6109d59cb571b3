/** The parts of `src/heap-profile/output/` that tests take and the package does not export: renaming a file there changes this one alone. */
export type { TopRow } from '../../../src/heap-profile/output/top.js'
