/** From a process to the readings of its breakdown: the mappings, and what V8 and the allocator say of them. */
import type { Allocator, AllocatorName } from '../allocator/port.js'
import { QUANTITIES, byQuantity } from '../measure/figures.js'
import type { ByQuantity } from '../measure/figures.js'
import { createSampler } from '../measure/sample.js'
import type { MemorySample } from '../measure/sample.js'
import type { AllocatorFigures, CacheBytes, IsolateHeap, MappedBytes } from '../report/breakdown/types.js'
import { nodeEnvironment } from '../support/environment.js'
import { CacheAttributionError, MallctlError, messageOf } from '../support/errors.js'
import { classify } from './classify.js'
import { readThreads } from './kernel.js'
import type { ProcessFiles } from './kernel.js'
import type { MemoryMapping } from './smaps.js'
import { divideAnonymous, totalsOf } from './totals.js'
import type { CoarseFigures } from './totals.js'

/**
 * Resident bytes by what they are; by address where the kernel lists the mappings, else by figures.
 *
 * @throws CacheAttributionError `ERR_BREAKDOWN_UNAVAILABLE`
 */
export function readMapped(files: ProcessFiles, figures: CoarseFigures): MappedBytes {
  const mappings = readMappings(files)
  if (typeof mappings !== 'string') return byAddress(files, figures, mappings)
  // Of another process there are no figures to divide its totals by.
  const totals = figures.isolates.length === 0 ? null : totalsOf(files.text('status') ?? '', figures, mappings)
  if (totals !== null) return totals
  throw new CacheAttributionError(
    'ERR_BREAKDOWN_UNAVAILABLE',
    `the mappings of the process cannot be read: ${mappings}`,
  )
}

/** The mappings, or why they cannot be had. */
function readMappings(files: ProcessFiles): readonly MemoryMapping[] | string {
  try {
    const mappings = files.mappings()
    return mappings.some(({ rssBytes }) => rssBytes > 0) ? mappings : 'no resident sizes are listed'
  } catch (error) {
    return messageOf(error)
  }
}

function byAddress(files: ProcessFiles, figures: CoarseFigures, mappings: readonly MemoryMapping[]): MappedBytes {
  const { count, stackPointers, workers, defaultStackBytes } = readThreads(files)
  const mapped = files.withMemory((wordAt) =>
    classify(mappings, {
      allocator: figures.allocator.name,
      stackPointers,
      defaultStackBytes,
      workerThreads: workers,
      threads: count,
      isHeapCaged: isHeapCaged(),
      wordAt,
    }),
  )
  if (mapped.coarse === null) return mapped
  // Without marks, V8's mappings are among the allocator's and the others'.
  const { arenas, blocks, other } = mapped
  return { ...mapped, ...divideAnonymous(arenas + blocks + other, figures), blocks: 0, blocksVirtual: 0 }
}

function isHeapCaged(): boolean {
  const { variables } = process.config as { variables?: Record<string, unknown> }
  return [1, true].some((on) => variables?.['v8_enable_pointer_compression'] === on)
}

/** The allocator's figures, of a sample taken now or of one that was. */
export function readAllocator(
  allocator: Allocator,
  sample: MemorySample = createSampler(allocator, nodeEnvironment).sample(),
): AllocatorFigures {
  return {
    name: allocator.name,
    allocatedBytes: sample.allocatedBytes,
    rawAllocatedBytes: sample.rawAllocatedBytes,
    threadCacheBytes: sample.tcacheBytes,
    activeBytes: sample.activeBytes,
    dirtyBytes: pages(allocator, 'stats.arenas.4096.pdirty'),
    muzzyBytes: pages(allocator, 'stats.arenas.4096.pmuzzy'),
    metadataBytes: sample.metadataBytes,
    mappedBytes: sample.allocatorMappedBytes,
    retainedBytes: sample.retainedBytes,
  }
}

/** Figures of a process that cannot be asked. */
export function unknownAllocator(name: AllocatorName): AllocatorFigures {
  return {
    name,
    allocatedBytes: null,
    rawAllocatedBytes: null,
    threadCacheBytes: null,
    activeBytes: null,
    dirtyBytes: null,
    muzzyBytes: null,
    metadataBytes: null,
    mappedBytes: null,
    retainedBytes: null,
  }
}

/** Pages of all arenas (4096 is MALLCTL_ARENAS_ALL), as the epoch of the sample has them; null where not told. */
function pages({ mallctl }: Allocator, key: string): number | null {
  if (mallctl === null) return null
  try {
    return mallctl.read(key, 'size_t') * mallctl.read('arenas.page', 'size_t')
  } catch (error) {
    if (error instanceof MallctlError) return null
    throw error
  }
}

/** The part of a coordinator's observation that is used. */
export interface ObservedCache {
  readonly name: string
  readonly estimatedBytes: number | null
  readonly lastMeasured: ByQuantity<number | null> | null
}

/** The memory of a cache now: as much as is estimated, in the parts that its last measurement found. */
export function cacheBytes({ name, estimatedBytes, lastMeasured }: ObservedCache): CacheBytes {
  if (lastMeasured === null) return { name, ...byQuantity(() => null) }
  const measured = QUANTITIES.reduce((sum, quantity) => sum + Math.max(0, lastMeasured[quantity] ?? 0), 0)
  const scale = estimatedBytes === null || measured === 0 ? 1 : Math.max(0, estimatedBytes) / measured
  const scaled = (bytes: number | null): number | null => (bytes === null ? null : Math.max(0, bytes) * scale)
  return { name, ...byQuantity((quantity) => scaled(lastMeasured[quantity])) }
}

/** Isolates as given, this thread's first. */
export function withOwn(own: IsolateHeap, given: readonly IsolateHeap[]): IsolateHeap[] {
  return [own, ...given.filter(({ name }) => name !== own.name)]
}
