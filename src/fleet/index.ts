/**
 * The caches of all replicas of a service in one report.
 *
 * @packageDocumentation
 */
export { attributeFleet } from './attribute-fleet.js'
export type { AttributeFleetOptions } from './attribute-fleet.js'
export { formatFleet } from './format-fleet.js'
export type { FleetSource } from './targets.js'
export type { FleetCache, FleetReplica, FleetReport, FleetTarget } from './types.js'
