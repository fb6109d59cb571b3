/**
 * The truth, established without the library's windows: in a quiet process each content is built and dropped several
 * times, with long waits and repeated collections around plain reads; the median change is the truth.
 */
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { openAllocator } from '../../src/allocator/open.js'
import { report } from '../support/processes.js'
import { medianOf } from '../support/table.js'
import { MAPPED_BYTES, SIZES, entryCount, fill } from './caches.js'
import type { Kind } from './caches.js'

/** Truth per size, in bytes. */
export interface Truth {
  readonly allocatedBytes: number[]
  readonly heapBytes: number[]
  /** By construction: whole pages, each written to. */
  readonly mappedBytes: number[]
}

const REPEATS = 7

v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc') as (options?: { type: 'minor' }) => void
const allocator = openAllocator()
const slots = new Float64Array(16)

/** NaN: this jemalloc has no such statistic. */
function known(bytes = NaN): number {
  return Number.isNaN(bytes) ? 0 : bytes
}

async function read(): Promise<{ allocated: number; heap: number }> {
  // A compiling thread reserves pages of the heap that count as used until the next collection: the least is right.
  let heap = Infinity
  for (let round = 0; round < 3; round++) {
    gc()
    heap = Math.min(heap, v8.getHeapStatistics().used_heap_size)
    gc({ type: 'minor' })
    await delay(40)
  }
  allocator.mallctl?.call('thread.tcache.flush')
  allocator.readInto(slots)
  return {
    allocated: (slots[1] ?? NaN) - known(slots[2]) - known(slots[3]),
    heap,
  }
}

const kind = process.argv[2] as Kind
// Compilation, feedback and caches of V8's own come first.
const warmUp = new Map<number, unknown>()
for (let repeat = 0; repeat < 15; repeat++) {
  await fill(warmUp, kind, kind === 'objects' ? 1000 : 100)
  await read()
  warmUp.clear()
}
const truth: Truth = { allocatedBytes: [], heapBytes: [], mappedBytes: [] }
for (const size of SIZES) {
  const cache = new Map<number, unknown>()
  const allocated: number[] = []
  const heap: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await fill(cache, kind, entryCount(kind, size))
    const before = await read()
    cache.clear()
    const after = await read()
    allocated.push(before.allocated - after.allocated)
    heap.push(before.heap - after.heap)
  }
  truth.allocatedBytes.push(medianOf(allocated))
  truth.heapBytes.push(medianOf(heap))
  truth.mappedBytes.push(kind === 'mapped' ? MAPPED_BYTES * entryCount(kind, size) : 0)
}
report(truth)
