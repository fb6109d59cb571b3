/**
 * Where all of a process's resident memory is, as a tree that adds up to RSS.
 *
 * Rule: one reading of the kernel's list of mappings gives RSS and its parts; what V8 and the allocator tell divides the
 * parts that are theirs. Nothing is released or switched, and nothing is collected but the young generation, once in a process.
 */
import { openAllocator } from '../allocator/open.js'
import type { Allocator } from '../allocator/port.js'
import { isolateHeap } from './isolates.js'
import { processFiles } from './kernel.js'
import { cacheBytes, readAllocator, readMapped, unknownAllocator, withOwn } from './read.js'
import type { ObservedCache } from './read.js'
import { mappedSource } from '../measure/mapped.js'
import type { MappedParts } from '../measure/mapped.js'
import type { MemorySample } from '../measure/sample.js'
import { buildBreakdown } from '../report/breakdown/build-breakdown.js'
import { diagnose } from '../report/breakdown/diagnose.js'
import type { Diagnosis } from '../report/breakdown/diagnose.js'
import type { CacheBytes, IsolateHeap, MemoryNode } from '../report/breakdown/types.js'
import { nodeEnvironment } from '../support/environment.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { optional, resolveOptions, shaped } from '../support/options.js'
import type { Check } from '../support/options.js'

/** The part of a coordinator that a breakdown needs. */
interface ObservableCoordinator {
  readonly allocator: Allocator
  /** An observation. */
  observe(): { readonly sample: MemorySample; readonly caches: readonly ObservedCache[] }
}

/** Options of {@link breakdown}. */
export interface BreakdownOptions {
  /**
   * Divides live memory by its caches, with what its last run measured of each, and reads its allocator.
   * @default undefined: live memory is not divided
   */
  readonly coordinator?: ObservableCoordinator | undefined
  /**
   * Heaps of other threads: what `isolateHeap()` returned there, or `workerHeaps()` here.
   * @default []: V8's memory for workers is not split into live and free
   */
  readonly isolates?: readonly IsolateHeap[] | undefined
}

/**
 * The process's memory as a tree whose leaves add up to its resident set size. The kernel walks every page for it, which
 * blocks this thread: about 10 ms, and 70 ms more for each GiB of heap.
 *
 * @throws CacheAttributionError `ERR_BREAKDOWN_UNAVAILABLE` where the system does not report it (macOS, Windows, /proc not mounted);
 *   `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`; `ERR_CLOSED`, `ERR_MALLCTL` of the coordinator
 * @example
 * const tree = breakdown({ coordinator })
 * console.log(formatBreakdown(tree))
 */
export function breakdown(options?: BreakdownOptions): MemoryNode {
  const { coordinator, isolates } = resolveOptions('breakdown()', options, {
    coordinator: optional(coordinatorCheck),
    isolates: { check: heaps, fallback: [] as readonly IsolateHeap[] },
  })
  const observation = coordinator?.observe()
  const treeOf = readMemory(coordinator?.allocator ?? ownAllocator(), isolates, observation?.sample)
  return treeOf(observation?.caches.map(cacheBytes) ?? null)
}

/**
 * Reads now; what it returns makes the tree, with what is known of the caches by then.
 *
 * @throws CacheAttributionError `ERR_BREAKDOWN_UNAVAILABLE`, `ERR_MALLCTL`
 */
export function readMemory(
  allocatorOfProcess: Allocator,
  given: readonly IsolateHeap[] = [],
  sample?: MemorySample,
): (caches: readonly CacheBytes[] | null) => MemoryNode {
  if (process.platform !== 'linux') {
    throw new CacheAttributionError(
      'ERR_BREAKDOWN_UNAVAILABLE',
      `resident memory is broken down on Linux only, this is ${process.platform}`,
    )
  }
  const ownMapped = readOwnMapped()
  const allocator = readAllocator(allocatorOfProcess, sample)
  const isolates = withOwn(isolateHeap(), given)
  const mapped = readMapped(processFiles('self'), { isolates, allocator })
  return (caches) => {
    const tree = buildBreakdown({ mapped, isolates, allocator, ownMapped, caches }, lastDiagnosis)
    lastDiagnosis = diagnose(tree, undefined, lastDiagnosis)
    return tree
  }
}

/**
 * The same of another process, by its mappings alone: what is V8's, the allocator's, a stack or a file, without what they
 * hold live.
 *
 * @throws CacheAttributionError `ERR_BREAKDOWN_UNAVAILABLE` where it is gone, or another user's
 */
export function breakdownOfProcess(pid: number): MemoryNode {
  const files = processFiles(pid)
  const isJemalloc = /\/libjemalloc\b/.test(files.text('maps') ?? '')
  const allocator = unknownAllocator(isJemalloc ? 'jemalloc' : 'unavailable')
  const mapped = readMapped(files, { isolates: [], allocator })
  return buildBreakdown({ mapped: { ...mapped, workers: 0 }, isolates: [], allocator, caches: null })
}

/** Of this process, by its last breakdown. */
let lastDiagnosis: Diagnosis | undefined

/** Before anything else is read: what it needs is learnt once, by two minor collections. */
function readOwnMapped(): MappedParts | null {
  const source = mappedSource({})
  try {
    source.prepare(nodeEnvironment.collector())
  } catch {
    // Without a collector nothing can be learnt; what a run has learnt before holds.
  }
  return source.parts()
}

let opened: Allocator | undefined

/** Finding the allocator allocates, to see who serves it: once is enough. */
function ownAllocator(): Allocator {
  opened ??= openAllocator()
  return opened
}

const coordinatorCheck = shaped<ObservableCoordinator>(
  'a coordinator',
  (value) => typeof (value as Partial<ObservableCoordinator>).observe === 'function' && 'allocator' in value,
)

const heaps: Check<readonly IsolateHeap[]> = (value, name) => {
  if (!Array.isArray(value) || !value.every(isHeap)) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"${name}" must be an array of what isolateHeap() gives, got ${describe(value)}`,
    )
  }
  return value as IsolateHeap[]
}

/** Posted from another thread, perhaps of another version. */
function isHeap(value: unknown): boolean {
  const { name, spaces } = (value ?? {}) as Partial<Record<keyof IsolateHeap, unknown>>
  if (typeof name !== 'string' || !Array.isArray(spaces)) return false
  return spaces.every((space: unknown) => {
    const { name: spaceName, ...bytes } = (space ?? {}) as Partial<Record<string, unknown>>
    const figures = [bytes['sizeBytes'], bytes['usedBytes'], bytes['availableBytes']]
    return typeof spaceName === 'string' && figures.every(Number.isFinite)
  })
}
