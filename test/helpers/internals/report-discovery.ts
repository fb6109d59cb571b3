/** The parts of `src/report/discovery/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { disagreementOf } from '../../../src/report/discovery/disagreement.js'
export { explainedBy, explainedByGraph, namedByGraph, ownersOfFloor } from '../../../src/report/discovery/explained.js'
export { describeInFlight, inFlightLines } from '../../../src/report/discovery/format-in-flight.js'
export { joinDiscoveries } from '../../../src/report/discovery/join-discoveries.js'
export { adviceForOwner } from '../../../src/report/discovery/owner-advice.js'
export type { InFlight, LiveMemory, NativeMemory, OwnerKind, PackageCost } from '../../../src/report/discovery/types.js'
