/**
 * A process in a few numbers: a clock, an allocator, a heap, garbage that only a collection finds, Buffers that go with
 * the minor collection after it. What a coordinator measures in it is known to the byte, and takes no time.
 */
import { Coordinator } from '../../src/index.js'
import type { CoordinatorOptions, Releasable, AttributionReport, CacheAttribution } from '../../src/index.js'
import { SLOT, SLOT_COUNT } from '../helpers/internals/allocator.js'
import type { Allocator } from '../helpers/internals/allocator.js'
import type { Environment } from '../helpers/internals/support.js'

export const KIB = 1024
export const MIB = 1024 * KIB

/** Bytes in both quantities. */
export interface Amount {
  readonly allocated?: number
  readonly heap?: number
}

/** A cache whose content is a number. */
export interface FakeCache extends Releasable {
  readonly name: string
  entryCount: number
  readonly amount: Required<Amount>
  /** How often its release was called. */
  releases: number
  /** Makes garbage of the content. */
  drop(): void
}

/** The process. */
export class World {
  clockMs = 1000
  /** The bytes that V8 maps itself; null: they cannot be read. */
  mapped: number | null = null
  live: Required<Amount> = { allocated: 40 * MIB, heap: 60 * MIB }
  garbage: Required<Amount> = { allocated: 0, heap: 0 }
  /** Backing stores of dead Buffers, which a minor collection frees. */
  unswept = 0
  majorMs = 40
  minorMs = 2
  majors = 0
  minors = 0
  /** Runs whenever the event loop gets to turn between two readings. */
  whileResting: (ms: number) => void = () => undefined
  /** Whether V8 collects by itself when waited for. */
  collectsByItself = true
  hasAllocator = true
  /** Between keepCode() and its undoing. */
  keepsCode = false
  readError: Error | undefined
  threadsAtWork = 0
  /** The function that runs finalizers; it returns whether they dropped something. */
  runFinalizers: () => boolean | null = () => false
  isMainThread = true
  #threadId = 0

  readonly environment: Environment = {
    isMainThread: true,
    now: () => this.clockMs,
    date: () => new Date(Date.UTC(2026, 0, 1) + this.clockMs),
    sleepSync: (ms) => {
      this.clockMs += ms
    },
    yieldToLoop: async (ms) => {
      this.clockMs += ms
      this.whileResting(ms)
      await turn()
    },
    inOwnTurn: (work) => {
      setImmediate(work)
    },
    afterMicrotasks: (callback) => {
      queueMicrotask(() => {
        process.nextTick(callback)
      })
    },
    nextMajorGc: async (timeoutMs, signal) => {
      await turn()
      if (signal?.aborted === true) return false
      this.clockMs += this.collectsByItself ? 500 : timeoutMs
      if (this.collectsByItself) this.#collect()
      return this.collectsByItself
    },
    collector: () => ({
      major: () => {
        this.clockMs += this.majorMs
        this.majors++
        this.#collect()
      },
      minor: () => {
        this.clockMs += this.minorMs
        this.minors++
        this.live = { ...this.live, allocated: this.live.allocated - this.unswept }
        this.unswept = 0
      },
    }),
    holdSweepers: () => () => {},
    holdBufferSweeper: () => () => {},
    keepCode: () => {
      this.keepsCode = true
      return () => {
        this.keepsCode = false
      }
    },
    heapUsedBytes: () => this.live.heap,
    mappedBytes: () => this.mapped,
    figures: () => ({ heapTotalBytes: 80 * MIB, externalBytes: MIB, arrayBuffersBytes: MIB, rssBytes: 160 * MIB }),
    runFinalizers: () => this.runFinalizers(),
    threadsAtWork: (ids) => {
      // Never the same one twice: one that always works would be passed over.
      for (let index = 0; index < this.threadsAtWork; index++) ids[index] = ++this.#threadId
      return this.threadsAtWork
    },
  }

  readonly allocator: Allocator = {
    name: 'jemalloc',
    version: '5.3.0-0-gabc',
    statistic: 'fake',
    binding: 'addon',
    reason: null,
    mallctl: null,
    readInto: (slots) => {
      if (this.readError !== undefined) throw this.readError
      slots.fill(NaN, 0, SLOT_COUNT)
      if (!this.hasAllocator) return
      slots[SLOT.rawAllocated] = this.live.allocated
      slots[SLOT.tcache] = 0
      slots[SLOT.active] = this.live.allocated + MIB
      slots[SLOT.resident] = this.live.allocated + 2 * MIB
    },
  }

  /** A coordinator in this process; without controls unless asked for. */
  coordinator(options: CoordinatorOptions = {}): Coordinator {
    return new Coordinator({
      environment: { ...this.environment, isMainThread: this.isMainThread },
      allocator: this.allocator,
      controls: 0,
      mode: 'release',
      ...options,
    })
  }

  /** A filled cache of that size, whose release makes garbage of it. */
  cache(name: string, { allocated = 0, heap = 0 }: Amount, entryCount = 10): FakeCache {
    this.allocate({ allocated, heap })
    const cache: FakeCache = {
      name,
      entryCount,
      amount: { allocated, heap },
      releases: 0,
      drop: () => {
        if (cache.entryCount === 0) return
        cache.entryCount = 0
        this.garbage = { allocated: this.garbage.allocated + allocated, heap: this.garbage.heap + heap }
      },
      release: () => {
        cache.releases++
        cache.drop()
      },
      entries: () => cache.entryCount,
      claimedBytes: () => (cache.entryCount === 0 ? 0 : allocated + heap),
    }
    return cache
  }

  allocate({ allocated = 0, heap = 0 }: Amount): void {
    this.live = { allocated: this.live.allocated + allocated, heap: this.live.heap + heap }
  }

  free({ allocated = 0, heap = 0 }: Amount): void {
    this.allocate({ allocated: -allocated, heap: -heap })
  }

  /** Garbage counts as live until it is found. */
  litter({ allocated = 0, heap = 0 }: Amount): void {
    this.allocate({ allocated, heap })
    this.garbage = { allocated: this.garbage.allocated + allocated, heap: this.garbage.heap + heap }
  }

  #collect(): void {
    this.live = { ...this.live, heap: this.live.heap - this.garbage.heap }
    this.unswept += this.garbage.allocated
    this.garbage = { allocated: 0, heap: 0 }
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await turn()
}

/** The row of a cache. */
export function rowOf(report: AttributionReport, name: string): CacheAttribution {
  const row = report.caches.find((cache) => cache.name === name)
  if (row === undefined) throw new Error(`the report has no row ${name}`)
  return row
}

/** Codes of the warnings. */
export function warningsOf(report: AttributionReport): string[] {
  return report.warnings.map(({ code }) => code)
}

/** How far the rows and `unattributed` are from before − after; both are 0 in a right report. */
export function remainderOf({ before, after, caches, unattributed }: AttributionReport): Required<Amount> {
  const sum = (quantity: 'allocatedBytes' | 'heapBytes'): number =>
    caches.reduce((total, { released }) => total + (released[quantity] ?? 0), 0)
  return {
    allocated:
      (before.allocatedBytes ?? 0) -
      (after.allocatedBytes ?? 0) -
      sum('allocatedBytes') -
      (unattributed.allocatedBytes ?? 0),
    heap: before.heapUsedBytes - after.heapUsedBytes - sum('heapBytes') - unattributed.heapBytes,
  }
}

/** The error that a promise rejects with; fails when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`it resolved with ${JSON.stringify(value)}`)
}

/** The error that a call throws; fails when it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Standard normal numbers out of a generator. */
export function normalOf(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
