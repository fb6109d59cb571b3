/** Readings of a process, out of literals. */
import type { AllocatorFigures, BreakdownReadings, MappedBytes } from '../../helpers/internals/report-breakdown.js'
import type { IsolateHeap, MemoryNode } from '../../../src/index.js'

export const MIB = 1024 * 1024

/** 100 MiB of V8's, 60 MiB of jemalloc's, 40 MiB of code. */
export function readings(
  more: {
    mapped?: Partial<MappedBytes>
    allocator?: Partial<AllocatorFigures>
    isolates?: readonly IsolateHeap[]
    caches?: BreakdownReadings['caches']
    ownMapped?: BreakdownReadings['ownMapped']
  } = {},
): BreakdownReadings {
  return {
    mapped: {
      v8: 100 * MIB,
      v8Code: 0,
      wasm: 0,
      arenas: 60 * MIB,
      blocks: 0,
      blocksVirtual: 0,
      stacks: 0,
      binary: [{ name: '/usr/bin/node', bytes: 40 * MIB }],
      files: [],
      shared: [],
      other: 0,
      swap: 0,
      workers: 0,
      threads: 7,
      coarse: null,
      ...more.mapped,
    },
    allocator: {
      name: 'jemalloc',
      allocatedBytes: 40 * MIB,
      rawAllocatedBytes: 42 * MIB,
      threadCacheBytes: 2 * MIB,
      activeBytes: 47 * MIB,
      dirtyBytes: 10 * MIB,
      muzzyBytes: 0,
      metadataBytes: 3 * MIB,
      mappedBytes: 80 * MIB,
      retainedBytes: 100 * MIB,
      ...more.allocator,
    },
    isolates: more.isolates ?? [heap('main thread', { used: 80, size: 100, available: 15 })],
    caches: more.caches ?? null,
    ownMapped: more.ownMapped === undefined ? { wasmBytes: more.mapped?.wasm ?? 0, resizableBytes: 0 } : more.ownMapped,
  }
}

/** A heap of one space, in MiB; all of it lived after the last major collection, unless `live` tells. */
export function heap(
  name: string,
  { used, size, available, live = used }: Record<'used' | 'size' | 'available', number> & { live?: number | null },
): IsolateHeap {
  const space = { name: 'old_space', usedBytes: used * MIB, sizeBytes: size * MIB, availableBytes: available * MIB }
  return {
    name,
    spaces: [space],
    lastMajorGc: live === null ? null : { usedBytes: live * MIB, ageMs: 12_000 },
    externalBytes: 0,
  }
}

/** The leaves of a tree. */
export function leavesOf(node: MemoryNode): MemoryNode[] {
  return node.children === undefined ? [node] : node.children.flatMap(leavesOf)
}

/** The faults of a tree: a node that is not its children together, or less than nothing. */
export function faultsOf(node: MemoryNode): string[] {
  const { name, bytes, children } = node
  const own = Number.isSafeInteger(bytes) && bytes >= 0 ? [] : [`${name} has ${String(bytes)}`]
  if (children === undefined) return own
  const sum = children.reduce((total, child) => total + child.bytes, 0)
  return [...own, ...(sum === bytes ? [] : [`${name} is not its children together`]), ...children.flatMap(faultsOf)]
}
