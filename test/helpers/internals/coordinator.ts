/** The parts of `src/coordinator/` that tests take and the package does not export: renaming a file there changes this one alone. */
export type { CalibrationPoint } from '../../../src/coordinator/calibration-json.js'
export { Calibrations } from '../../../src/coordinator/calibration.js'
export { waitForShared } from '../../../src/coordinator/default.js'
export type { CoordinatorEventPayloads } from '../../../src/coordinator/events.js'
export { resolveAttributeOptions, resolveCoordinatorOptions } from '../../../src/coordinator/options.js'
export { Registry } from '../../../src/coordinator/registry.js'
export { resolveTraits } from '../../../src/coordinator/releasable.js'
export type { TrimChoice } from '../../../src/coordinator/releasable.js'
