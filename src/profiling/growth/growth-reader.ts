/**
 * The readings of a growth monitor: one quantity, cheaply, and the limit that it may come near to.
 *
 * Rule: what a poll reads costs microseconds; the limit is read now and then, since it may change.
 */
import v8 from 'node:v8'
import type { Allocator } from '../../allocator/port.js'
import { SLOT_COUNT, liveBytes } from '../../allocator/port.js'
import { memoryLimit } from '../../support/control-groups.js'
import { residentKnown } from '../../support/environment.js'
import type { Environment } from '../../support/environment.js'
import { CacheAttributionError } from '../../support/errors.js'
import { readText } from '../../support/read-text.js'

/**
 * The watched quantity. `'allocated'`: live bytes of the allocator, thread caches taken off (with jemalloc 10 to 40 µs a reading).
 * `'heap'`: V8's used heap (under 1 µs). `'rss'`: what the kernel counts as resident (about 8 µs).
 */
export type GrowthQuantity = 'allocated' | 'heap' | 'rss'

/** Reads a quantity. */
export interface GrowthReader {
  /** Bytes now. */
  read(): number
  /** Whether a collection before the reading would tell garbage from growth. */
  readonly seesGarbage: boolean
}

/** @throws CacheAttributionError `ERR_ALLOCATOR_UNAVAILABLE` where the quantity is the allocator's, and it says nothing */
export function growthReader(quantity: GrowthQuantity, allocator: Allocator, environment: Environment): GrowthReader {
  if (quantity === 'heap') return { read: () => environment.heapUsedBytes(), seesGarbage: true }
  // Pages of what was collected stay with the process for a while: a collection changes nothing at once.
  if (quantity === 'rss') return { read: () => residentKnown(() => process.memoryUsage.rss()), seesGarbage: false }
  if (allocator.statistic === null) {
    throw new CacheAttributionError(
      'ERR_ALLOCATOR_UNAVAILABLE',
      `the allocator's bytes cannot be watched: ${allocator.reason ?? `${allocator.name} has no statistics`}; quantity 'rss' or 'heap' can`,
    )
  }
  const slots = new Float64Array(SLOT_COUNT)
  return {
    read: () => {
      allocator.readInto(slots)
      return liveBytes(slots)
    },
    seesGarbage: true,
  }
}

/**
 * The limit of a quantity: the least of the control groups' memory limits; of V8's heap V8's own. Null where there is
 * none.
 */
export function growthLimit(quantity: GrowthQuantity, read: (path: string) => string | null = readText): number | null {
  const limit = memoryLimit(read)
  if (quantity !== 'heap') return limit
  const ofHeap = v8.getHeapStatistics().heap_size_limit
  return limit === null ? ofHeap : Math.min(limit, ofHeap)
}
