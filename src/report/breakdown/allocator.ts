/**
 * The allocator's part of the tree: what its mappings have resident, divided as its statistics report.
 *
 * Rule: an allocation may never have been touched, so live bytes take what is left when the pages are taken off that
 * were surely in use once; what no statistic explains stays a leaf of its own.
 */
import { formatBytes } from '../../support/units.js'
import { byCache } from './used-nodes.js'
import { branch, leaf } from './node.js'
import { fill } from './share.js'
import { PART } from './types.js'
import type { BreakdownReadings, MemoryNode } from './types.js'

/**
 * Of jemalloc's metadata most is maps of addresses, in blocks of megabytes of which few pages are ever touched: where
 * not everything is resident, that is cut down to this share before live memory is.
 */
const METADATA_TOUCHED_LEAST = 1 / 8

/** The node of the allocator. */
export function allocatorNode(readings: BreakdownReadings): MemoryNode {
  const { allocator, mapped } = readings
  const resident = mapped.arenas + mapped.blocks
  if (allocator.rawAllocatedBytes === null) {
    return branch(PART.allocator, [leaf(PART.undivided, resident)], 'without statistics of the allocator')
  }
  if (allocator.name === 'jemalloc') return jemallocNode(readings, resident)
  return glibcNode(readings)
}

function jemallocNode({ allocator, caches }: BreakdownReadings, resident: number): MemoryNode {
  const { metadataBytes, dirtyBytes, threadCacheBytes, activeBytes, rawAllocatedBytes, muzzyBytes } = allocator
  const lost = activeBytes === null || rawAllocatedBytes === null ? null : activeBytes - rawAllocatedBytes
  const { parts, left } = fill(resident, [dirtyBytes, threadCacheBytes, lost])
  const [dirty = 0, threadCaches = 0, fragmentation = 0] = parts
  const whole = Math.max(0, metadataBytes ?? 0)
  const least = Math.floor(whole * METADATA_TOUCHED_LEAST)
  const metadata = Math.max(Math.min(whole, left - Math.max(0, allocator.allocatedBytes ?? 0)), Math.min(least, left))
  const live = fill(left - metadata, [allocator.allocatedBytes])
  const muzzy = fill(live.left, [muzzyBytes])
  return branch(
    PART.allocator,
    [
      liveNode(live.parts[0] ?? 0, allocator.allocatedBytes, caches),
      leaf(PART.threadCaches, threadCaches, 'freed, kept by threads for their next allocation'),
      leaf(PART.fragmentation, fragmentation, 'pages with some live allocation: active − allocated'),
      leaf(PART.dirty, dirty, 'freed pages; jemalloc gives them back as they decay'),
      leaf(PART.muzzy, muzzy.parts[0] ?? 0, 'given up; the kernel takes them when it needs them'),
      leaf(PART.metadata, metadata, 'the resident part, estimated'),
      leaf(PART.unexplained, muzzy.left),
    ],
    retainedNote(allocator.retainedBytes),
  )
}

/**
 * Blocks with a mapping of their own are live as a whole. In the arenas live comes before free, since glibc does not report
 * which free chunks it has given back.
 */
function glibcNode({ allocator, caches, mapped }: BreakdownReadings): MemoryNode {
  const { rawAllocatedBytes, mappedBytes } = allocator
  const inArenas = rawAllocatedBytes === null ? null : rawAllocatedBytes - mapped.blocksVirtual
  const free = rawAllocatedBytes === null || mappedBytes === null ? null : mappedBytes - rawAllocatedBytes
  const { parts, left } = fill(mapped.arenas, [inArenas, free])
  const [live = 0, fragmentation = 0] = parts
  return branch(
    PART.allocator,
    [
      liveNode(live + mapped.blocks, rawAllocatedBytes, caches),
      leaf(PART.fragmentation, fragmentation, 'free chunks between live ones, which glibc keeps'),
      leaf(PART.unexplained, left),
    ],
    'glibc counts what thread caches keep as live',
  )
}

function liveNode(bytes: number, allocated: number | null, caches: BreakdownReadings['caches']): MemoryNode {
  const untouched = (allocated ?? 0) - bytes
  const note =
    untouched > UNTOUCHED_LEAST && untouched > bytes / 100
      ? `${formatBytes(allocated)} are allocated: ${formatBytes(untouched)} of them are not in memory, never touched or swapped out; ${DEAD_NOTE}`
      : DEAD_NOTE
  if (caches !== null) return byCache(bytes, caches, ({ allocatedBytes }) => allocatedBytes, { note })
  return leaf(PART.live, bytes, note)
}

const DEAD_NOTE = 'Buffers of dead objects are among it until V8 collects them'

/** Less than this is the moment between two readings. */
const UNTOUCHED_LEAST = 4 * 1024 * 1024

function retainedNote(bytes: number | null): string | undefined {
  return bytes === null ? undefined : `${formatBytes(bytes)} of address space retained, outside RSS`
}
