/** The parts of `src/report/breakdown/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { buildBreakdown } from '../../../src/report/breakdown/build-breakdown.js'
export type { Diagnosis } from '../../../src/report/breakdown/diagnose.js'
export { bytesAt, bytesOfAll } from '../../../src/report/breakdown/node.js'
export { accountableParts } from '../../../src/report/breakdown/parts.js'
export { shareOut } from '../../../src/report/breakdown/share.js'
export { PART } from '../../../src/report/breakdown/types.js'
export type {
  AllocatorFigures,
  BreakdownReadings,
  CacheBytes,
  MappedBytes,
} from '../../../src/report/breakdown/types.js'
