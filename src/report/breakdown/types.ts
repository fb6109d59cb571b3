/** The breakdown of a process's memory: the tree, and the readings that it is made from. */
import type { AllocatorName } from '../../allocator/port.js'

/**
 * A part of the process's resident memory. The bytes of a node are those of its children together, so the leaves add up to
 * the root, which is RSS. Names of the parts are stable.
 */
export interface MemoryNode {
  readonly name: string
  /** Resident bytes; never negative. */
  readonly bytes: number
  readonly children?: readonly MemoryNode[]
  /** The remark that a reader needs; of the root, the line of `diagnose()`. */
  readonly note?: string
}

/** Names of nodes that do not depend on the process. */
export const PART = {
  process: 'process',
  v8: 'V8 heap',
  live: 'live',
  /** Of an isolate whose last major collection is known: used beyond what lived after it. */
  since: 'allocated since',
  /** Of an isolate whose last major collection is not known. */
  used: 'live or garbage',
  free: 'free',
  unswept: 'to be swept',
  /** Where other threads run JavaScript whose heaps are not known: what V8 has beyond the pages of those that are. */
  notAsked: "other threads' heaps, not told apart",
  /** Where only the mappings are known: of another process, or without statistics. */
  undivided: 'live and free',
  /** Pages that V8 freed and keeps; where nothing else can lie outside the spaces. */
  pagePool: 'page pool',
  /** The same, where V8's machine code or buffers of other threads may lie among it. */
  outsideSpaces: 'outside the spaces',
  outsideCode: 'machine code outside the spaces',
  wasm: 'WebAssembly memory',
  resizable: 'resizable buffers',
  allocator: 'allocator',
  inNoCache: 'in no cache',
  threadCaches: 'thread caches',
  fragmentation: 'fragmentation',
  dirty: 'dirty pages',
  muzzy: 'muzzy pages',
  metadata: 'metadata',
  unexplained: 'unexplained',
  stacks: 'thread stacks',
  binary: 'binary and libraries',
  files: 'mapped files',
  shared: 'shared memory',
  other: 'other anonymous',
} as const

/** Resident bytes of this process's mappings, by what they are. */
export interface MappedBytes {
  readonly v8: number
  /** The part of `v8` that may be executed: machine code. */
  readonly v8Code: number
  readonly wasm: number
  /** Of the allocator: the heap by brk, arenas, extents. */
  readonly arenas: number
  /** glibc: blocks that have a mapping of their own, resident. */
  readonly blocks: number
  /** The same, as far as they are mapped. */
  readonly blocksVirtual: number
  readonly stacks: number
  readonly binary: readonly NamedBytes[]
  readonly files: readonly NamedBytes[]
  readonly shared: readonly NamedBytes[]
  readonly other: number
  readonly swap: number
  /** How many stacks are of a size that only worker threads have, or threads that are named so. */
  readonly workers: number
  readonly threads: number | null
  /** Why parts could not be told apart by address; null where they could. */
  readonly coarse: string | null
}

/** Bytes under a name, e.g. of a file. */
export interface NamedBytes {
  readonly name: string
  readonly bytes: number
}

/** One space of an isolate's heap, in bytes, as `v8.getHeapSpaceStatistics()` tells. */
export interface HeapSpace {
  readonly name: string
  /** Committed. */
  readonly sizeBytes: number
  readonly usedBytes: number
  readonly availableBytes: number
}

/** The heap of one isolate: of a thread that runs JavaScript. Plain JSON, so that a worker can post it. */
export interface IsolateHeap {
  /** How the breakdown names it, e.g. `main thread`. */
  readonly name: string
  readonly spaces: readonly HeapSpace[]
  /** The bytes that lived after the isolate's last major collection, and how long ago that was; undefined or null where not known. */
  readonly lastMajorGc?: { readonly usedBytes: number; readonly ageMs: number } | null | undefined
  /** V8's count of memory outside the heap, Buffers included; undefined or null where not known. */
  readonly externalBytes?: number | null | undefined
}

/** The allocator's figures, in bytes; null where it gives none. */
export interface AllocatorFigures {
  readonly name: AllocatorName
  /** Live, thread caches taken off. */
  readonly allocatedBytes: number | null
  readonly rawAllocatedBytes: number | null
  readonly threadCacheBytes: number | null
  readonly activeBytes: number | null
  readonly dirtyBytes: number | null
  readonly muzzyBytes: number | null
  readonly metadataBytes: number | null
  readonly mappedBytes: number | null
  readonly retainedBytes: number | null
}

/** The bytes of a cache, as far as a run found them. */
export interface CacheBytes {
  readonly name: string
  /** Of the allocator; null where that is not known. */
  readonly allocatedBytes: number | null
  /** Of this isolate's heap. */
  readonly heapBytes: number | null
  /** Of what V8 maps itself: WebAssembly memories, resizable buffers. */
  readonly mappedBytes: number | null
}

/** Everything that the tree is made from. */
export interface BreakdownReadings {
  readonly mapped: MappedBytes
  /** This isolate first. */
  readonly isolates: readonly IsolateHeap[]
  readonly allocator: AllocatorFigures
  /** The memory that this isolate maps beside its heap, resident; null where that cannot be read. */
  readonly ownMapped?: { readonly wasmBytes: number; readonly resizableBytes: number } | null
  /** Null where no coordinator was given. */
  readonly caches: readonly CacheBytes[] | null
}
