/**
 * A tree of RSS where the system reports no mappings: what the statistics say, as far as it fits. Pure.
 *
 * Rule: statistics count what is committed, which need not be resident; they never make the tree larger than RSS.
 */
import type { MemorySample } from '../../measure/sample.js'
import { byCache } from '../breakdown/used-nodes.js'
import { branch, leaf } from '../breakdown/node.js'
import { fill } from '../breakdown/share.js'
import { PART } from '../breakdown/types.js'
import type { CacheBytes, MemoryNode } from '../breakdown/types.js'

/** The tree of one sample. */
export function treeOfSample(sample: MemorySample, caches: readonly CacheBytes[]): MemoryNode {
  const { heapUsedBytes, heapTotalBytes, mappedBytes, allocatedBytes, tcacheBytes, rssBytes } = sample
  const { activeBytes, rawAllocatedBytes, residentBytes } = sample
  const less = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b)
  const { parts, left } = fill(rssBytes, [
    heapUsedBytes,
    allocatedBytes,
    mappedBytes,
    tcacheBytes,
    less(activeBytes, rawAllocatedBytes),
    less(residentBytes, activeBytes),
    heapTotalBytes - heapUsedBytes,
  ])
  const [used = 0, live = 0, mapped = 0, threadCaches = 0, fragmentation = 0, spare = 0, free = 0] = parts
  return branch(PART.process, [
    branch(PART.v8, [
      branch('main thread', [
        byCache(used, caches, ({ heapBytes }) => heapBytes, { name: PART.used }),
        leaf(PART.free, free),
      ]),
      leaf(PART.wasm, mapped),
    ]),
    branch(PART.allocator, [
      byCache(live, caches, ({ allocatedBytes: bytes }) => bytes),
      leaf(PART.threadCaches, threadCaches),
      leaf(PART.fragmentation, fragmentation),
    ]),
    leaf('freed pages and records of the allocator', spare),
    leaf('program code, stacks, files, and memory outside the statistics', left),
  ])
}
