/**
 * The twin: a copy-on-write child of this process, forked while it is quiescent, in which every cache can be released.
 *
 * @packageDocumentation
 */
export { runInTwin } from './run-in-twin.js'
export type { TwinContext } from './child.js'
export { supportsTwin } from './support.js'
export type { TwinCost, TwinOptions } from './types.js'
export { discover, expectedDiscoverCost } from './discover/discover.js'
export type { DiscoverOptions } from './discover/discover.js'
export type { DiscoverProgress } from './discover/discover-progress.js'
export { describeOwner, formatDiscovery } from '../report/discovery/format-discovery.js'
export type { Discovery, Owner } from '../report/discovery/types.js'
export { classHistogram, heapSnapshot } from './heap-snapshot/in-twin.js'
export type { HeapSnapshotFile } from './heap-snapshot/in-twin.js'
export { formatHistogram } from './heap-snapshot/format-histogram.js'
export type { ClassHistogram } from './heap-snapshot/histogram.js'
