/**
 * Heap profiles as files: read, given names, subtracted, converted. Needs neither the addon nor jemalloc.
 *
 * @packageDocumentation
 */
export { parseHeapProfile, readHeapProfile } from './profile/parse-heap-profile.js'
export { parseAnyProfile } from './profile/parse-any-profile.js'
export { selectThread } from './profile/threads.js'
export { subtractProfile } from './profile/subtract-profile.js'
export { symbolize } from './symbols/symbolize.js'
export { formatTopTable, topTable } from './output/top.js'
export type { TopTable } from './output/top.js'
export { foldedLines, toFolded } from './output/folded.js'
export { toPprof } from './output/pprof.js'
export { flamegraphPolicy, toFlamegraph } from './output/flamegraph.js'
export type { HeapProfile } from './profile/types.js'
