/** The parts of `src/fleet/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { groupsPerEntry } from '../../../src/fleet/entry-bytes.js'
export { FleetRows } from '../../../src/fleet/join-replicas.js'
export { processTree, withDescendants } from '../../../src/fleet/local-processes.js'
export { resolveTargets } from '../../../src/fleet/targets.js'
export { fleetPage, fleetPagePolicy } from '../../../src/fleet/fleet-page.js'
