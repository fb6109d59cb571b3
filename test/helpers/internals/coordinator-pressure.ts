/** The parts of `src/coordinator/pressure/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { formatRound } from '../../../src/coordinator/pressure/format-round.js'
export { resolvePressureOptions } from '../../../src/coordinator/pressure/options.js'
export { fractionFor, planReleases } from '../../../src/coordinator/pressure/plan-releases.js'
export type { PressureCandidate } from '../../../src/coordinator/pressure/plan-releases.js'
export { pressureParts } from '../../../src/coordinator/pressure/pressure-parts.js'
export { usageReader } from '../../../src/coordinator/pressure/usage.js'
