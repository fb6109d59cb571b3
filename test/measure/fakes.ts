/** Surroundings that go by a clock of their own and say what was done to them. */
import { SLOT, SLOT_COUNT } from '../helpers/internals/allocator.js'
import type { Allocator } from '../helpers/internals/allocator.js'
import type { Collector, Environment, ProcessFigures } from '../helpers/internals/support.js'

/** An environment whose time passes by sleeping alone, and whose log says what was asked of it. */
export interface FakeEnvironment extends Environment {
  clockMs: number
  /** `sleep 0.5`, `major`, `minor`, in their order. */
  readonly log: string[]
  heapBytes: number
  processFigures: ProcessFigures
}

/** The real event loop with a fake clock, heap and collector; `collected` is called by every collection. */
export function fakeEnvironment(collected: (kind: 'major' | 'minor') => void = () => {}): FakeEnvironment {
  const log: string[] = []
  const collect = (kind: 'major' | 'minor') => (): void => {
    log.push(kind)
    collected(kind)
  }
  const collector: Collector = { major: collect('major'), minor: collect('minor') }
  const environment: FakeEnvironment = {
    clockMs: 1000,
    log,
    heapBytes: 1_000_000,
    processFigures: {
      heapTotalBytes: 2_000_000,
      externalBytes: 30_000,
      arrayBuffersBytes: 20_000,
      rssBytes: 9_000_000,
    },
    isMainThread: true,
    now: () => environment.clockMs,
    date: () => new Date(Date.UTC(2024, 0, 2, 3, 4, 5)),
    sleepSync: (ms) => {
      log.push(`sleep ${String(ms)}`)
      environment.clockMs += ms
    },
    yieldToLoop: async () => {},
    inOwnTurn: (work) => {
      setImmediate(work)
    },
    afterMicrotasks: (callback) => {
      queueMicrotask(() => {
        process.nextTick(callback)
      })
    },
    nextMajorGc: async () => true,
    collector: () => collector,
    keepCode: () => () => {},
    holdSweepers: () => () => {},
    holdBufferSweeper: () => () => {},
    heapUsedBytes: () => environment.heapBytes,
    mappedBytes: () => null,
    figures: () => ({ ...environment.processFigures }),
  }
  return environment
}

/** Slots of a reading by name; what is not given is NaN. */
export type FakeSlots = Partial<Record<keyof typeof SLOT, number>>

/** An allocator that gives `slots()`, and counts its readings as epochs where an epoch is not given. */
export function fakeAllocator(slots: () => FakeSlots): Allocator & { readings: number } {
  const allocator = {
    name: 'jemalloc' as const,
    version: 'fake',
    statistic: 'stats.allocated',
    binding: null,
    reason: null,
    mallctl: null,
    readings: 0,
    readInto(target: Float64Array) {
      allocator.readings++
      target.fill(NaN, 0, SLOT_COUNT)
      for (const [name, value] of Object.entries({ epoch: allocator.readings, ...slots() })) {
        target[SLOT[name as keyof typeof SLOT]] = value
      }
    },
  }
  return allocator
}
