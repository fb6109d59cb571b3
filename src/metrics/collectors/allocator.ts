/** The allocator as a whole. Under glibc or V8 alone only what they know is there. */
import type { MemorySample } from '../../measure/sample.js'
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

export const ALLOCATOR: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_allocator_info',
    type: 'gauge',
    help: 'Always 1; the labels say which allocator serves this process and how it is read.',
    labels: ['allocator', 'version', 'binding'],
    acrossProcesses: 'first',
    source: 'mallctl `version`',
    counts: 'process',
    read: ({ allocator: { name, version, binding } }) =>
      oneSample(1, { allocator: name, version: version ?? 'unknown', binding: binding ?? 'none' }),
  },
  {
    name: 'cache_attribution_allocator_live_bytes',
    type: 'gauge',
    help: 'Bytes handed out by the allocator and not freed; what sits in thread caches is not counted.',
    labels: [],
    acrossProcesses: 'sum',
    source: '`stats.allocated` less `stats.arenas.4096.tcache_bytes` and `tcache_stashed_bytes`; glibc: `mallinfo2`',
    adds: true,
    read: ({ sample }) => oneSample(sample?.allocatedBytes),
  },
  {
    name: 'cache_attribution_mapped_bytes',
    type: 'gauge',
    help: 'Resident bytes of WebAssembly memories, resizable ArrayBuffers and growable SharedArrayBuffers, which V8 maps itself.',
    labels: [],
    acrossProcesses: 'sum',
    source: 'the backing stores of this isolate, by `mincore()`',
    adds: true,
    read: ({ sample }) => oneSample(sample?.mappedBytes),
  },
  jemalloc('allocated', 'rawAllocatedBytes', 'Bytes handed out, freed ones in thread caches included.'),
  jemalloc('active', 'activeBytes', 'Bytes in pages that hold at least one allocation.'),
  jemalloc('resident', 'residentBytes', 'Bytes in resident pages of jemalloc, metadata and dirty pages included.'),
  jemalloc('retained', 'retainedBytes', 'Bytes of virtual memory kept for reuse; not resident.'),
  jemalloc('mapped', 'allocatorMappedBytes', 'Bytes in active extents that jemalloc has mapped.'),
  jemalloc('metadata', 'metadataBytes', 'Bytes of the own structures of jemalloc.'),
  {
    ...jemalloc('tcache', 'tcacheBytes', 'Bytes freed by the program that thread caches still hold.'),
    source: 'mallctl `stats.arenas.4096.tcache_bytes` and `tcache_stashed_bytes`',
  },
]

function jemalloc(key: string, field: keyof MemorySample, help: string): PulledMetric {
  return {
    name: `jemalloc_${key}_bytes`,
    type: 'gauge',
    help,
    labels: [],
    acrossProcesses: 'sum',
    source: `mallctl \`stats.${key}\``,
    needs: 'jemalloc',
    adds: true,
    // glibc's figures of these names mean something else.
    read: ({ allocator, sample }) =>
      allocator.name === 'jemalloc' && sample !== null ? oneSample(sample[field] as number | null) : [],
  }
}
