/**
 * The caches of all replicas of a service in one report, and turns for replicas that measure by themselves.
 *
 * @packageDocumentation
 */
export { attributeFleet } from './attribute-fleet.js'
export type { AttributeFleetOptions } from './attribute-fleet.js'
export { fileLease } from './lease/file-lease.js'
export { redisLease } from './lease/redis-lease.js'
export type { Lease, LeaseGrant } from '../support/lease.js'
export { formatFleet } from './format-fleet.js'
export type { FleetSource } from './targets.js'
export type { FleetCache, FleetReplica, FleetReport, FleetTarget } from './types.js'
