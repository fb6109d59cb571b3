/**
 * The caches of all replicas of a service in one report.
 *
 * @packageDocumentation
 */
export { attributeFleet } from './attribute-fleet.js'
export type { AttributeFleetOptions, FleetProgress } from './attribute-fleet.js'
export { formatFleet } from './format-fleet.js'
export type { DiscoveredTargets, DnsTargets, FleetSource, PrometheusTargets } from './targets.js'
export type {
  EntryBytes,
  FleetCache,
  FleetError,
  FleetOwner,
  FleetReplica,
  FleetReport,
  FleetTarget,
  LabelDifference,
  LabelGroup,
  Outlier,
  ReplicaBytes,
  ReplicaStatus,
} from './types.js'
