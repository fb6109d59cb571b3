/**
 * The promises of every implementation of the allocator port to its callers. The checks run inside a process under the allocator
 * in question (fixtures/conformance.ts); conformance.test.ts gives each its test.
 */
import { expect } from 'chai'
import { SLOT, SLOT_COUNT, liveBytes } from '../helpers/internals/allocator.js'
import type { Allocator, AllocatorName } from '../helpers/internals/allocator.js'
import { CacheAttributionError } from '../../src/index.js'
import { nodeEnvironment } from '../helpers/internals/support.js'

const MIB = 1024 * 1024

/** The statistics that each implementation knows; jemalloc since 5.3. */
const KNOWN: Record<AllocatorName, readonly (keyof typeof SLOT)[]> = {
  jemalloc: Object.keys(SLOT) as (keyof typeof SLOT)[],
  glibc: ['rawAllocated', 'mapped'],
  unavailable: [],
}

/** The binding by ffi-napi knows of no other threads. */
const OF_OTHER_THREADS: ReadonlySet<string> = new Set([
  'otherThreads',
  'othersAllocated',
  'othersFreed',
  'othersChanges',
])

const NO_TARGETS: readonly [what: string, target: unknown][] = [
  ['one place too few', new Float64Array(SLOT_COUNT - 1)],
  ['no places', new Float64Array(0)],
  ['a detached array', detached()],
  ['an array that shrank', shrunk()],
  ['floats of 32 bits', new Float32Array(SLOT_COUNT)],
  ['integers of 64 bits', new BigInt64Array(SLOT_COUNT)],
  ['a plain array', new Array(SLOT_COUNT).fill(0)],
  ['bare memory', new ArrayBuffer(8 * SLOT_COUNT)],
  ['a view', new DataView(new ArrayBuffer(8 * SLOT_COUNT))],
  ['a look-alike', { length: SLOT_COUNT, fill: () => undefined }],
  ['a number', SLOT_COUNT],
  ['null', null],
  ['nothing', undefined],
]

/** Sentence → check; throws where the sentence does not hold. */
export const CONFORMANCE: Readonly<Record<string, (allocator: Allocator) => void>> = {
  'has what the port names, and nothing else'(allocator) {
    expect(allocator).to.have.all.keys('name', 'version', 'statistic', 'binding', 'reason', 'mallctl', 'readInto')
  },

  'names its version and statistic, or is unavailable'({ name, version, statistic }) {
    if (name === 'unavailable') expect([version, statistic]).to.deep.equal([null, null])
    else expect(version).to.match(/^\d+\.\d+/)
    if (name === 'jemalloc') expect(statistic).to.equal('stats.allocated - tcache_bytes - tcache_stashed_bytes')
    if (name === 'glibc') expect(statistic).to.equal('mallinfo2: uordblks + hblkhd')
  },

  'gives a reason unless it is jemalloc, in one line'({ name, reason }) {
    if (name === 'jemalloc') expect(reason).to.equal(null)
    else
      expect(reason)
        .to.be.a('string')
        .that.matches(/^[^\n]{10,400}$/)
  },

  'gives access to mallctl where it is jemalloc, and nowhere else'({ name, mallctl }) {
    if (name === 'jemalloc') expect(mallctl?.read('config.stats', 'bool')).to.equal(true)
    else expect(mallctl).to.equal(null)
  },

  'fills every place, and leaves those behind them alone'(allocator) {
    const target = new Float64Array(SLOT_COUNT + 3).fill(-1)
    allocator.readInto(target)
    expect([...target.subarray(SLOT_COUNT)]).to.deep.equal([-1, -1, -1])
    for (const value of target.subarray(0, SLOT_COUNT))
      expect(Number.isNaN(value) || value >= 0, `${value}`).to.equal(true)
  },

  'reads into a part of a larger buffer'(allocator) {
    const memory = new Float64Array(SLOT_COUNT + 2).fill(-1)
    allocator.readInto(memory.subarray(1, SLOT_COUNT + 1))
    expect([memory[0], memory.at(-1)]).to.deep.equal([-1, -1])
    expect([...memory.subarray(1, -1)]).to.not.include(-1)
  },

  'knows the statistics it is known for, and gives NaN for each of the others'(allocator) {
    const slots = read(allocator)
    const known = Object.entries(SLOT).filter(([, slot]) => !Number.isNaN(slots[slot]))
    const isCounted = (name: string): boolean => allocator.binding === 'addon' || !OF_OTHER_THREADS.has(name)
    expect(known.map(([name]) => name)).to.deep.equal(KNOWN[allocator.name].filter(isCounted))
  },

  'never gives 0 for a quantity that no Node process is without'(allocator) {
    const slots = read(allocator)
    for (const name of ['rawAllocated', 'active', 'metadata', 'resident', 'mapped'] as const) {
      expect(slots[SLOT[name]], name).to.not.equal(0)
    }
    if (allocator.name !== 'unavailable') expect(liveBytes(slots)).to.be.within(MIB, 1024 * MIB)
  },

  'keeps the order of the quantities that contain each other'(allocator) {
    if (allocator.name !== 'jemalloc') return
    const slots = read(allocator)
    const order = (['tcache', 'rawAllocated', 'active', 'mapped'] as const).map((name) => slots[SLOT[name]] ?? NaN)
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b))
  },

  'gives every reading an epoch of its own, one after the other'(allocator) {
    const epochs = Array.from({ length: 5 }, () => read(allocator)[SLOT.epoch] ?? NaN)
    const first = epochs[0] ?? NaN
    expect(epochs).to.deep.equal(epochs.map((_, index) => first + index))
  },

  'reads one snapshot: mallctl tells the same until the next reading'(allocator) {
    const slots = read(allocator)
    if (allocator.mallctl === null) return
    const kept = Buffer.alloc(4 * MIB, 1)
    expect(allocator.mallctl.read('stats.allocated', 'size_t')).to.equal(slots[SLOT.rawAllocated])
    expect(allocator.mallctl.read('epoch', 'uint64')).to.equal(BigInt(slots[SLOT.epoch] ?? 0))
    expect(kept.length).to.equal(4 * MIB)
  },

  'shows 64 MiB of Buffers while they live, and not when they are gone'(allocator) {
    const levels = [settled(allocator).live]
    fill(64)
    levels.push(settled(allocator).live)
    held.length = 0
    levels.push(settled(allocator).live)
    const [before = NaN, during = NaN, after = NaN] = levels
    if (allocator.name === 'unavailable') expect(levels).to.deep.equal([NaN, NaN, NaN])
    else {
      expect(during - before).to.be.closeTo(64 * MIB, 2 * MIB)
      expect(during - after).to.be.closeTo(64 * MIB, 2 * MIB)
    }
  },

  'refuses whatever is no Float64Array with room for every place, with a code'(allocator) {
    for (const [what, target] of NO_TARGETS) {
      const error = thrownBy(() => {
        allocator.readInto(target as Float64Array)
      })
      expect(error, what).to.be.instanceOf(CacheAttributionError)
      expect((error as CacheAttributionError).code, what).to.equal('ERR_OPTION_TYPE')
    }
  },

  'costs no memory: 10,000 readings leave nothing behind'(allocator) {
    const target = new Float64Array(SLOT_COUNT)
    const readOften = (times: number): void => {
      for (let count = 0; count < times; count++) allocator.readInto(target)
    }
    readOften(500)
    const before = settled(allocator)
    readOften(10_000)
    const after = settled(allocator)
    expect(after.heap - before.heap).to.be.below(256 * 1024)
    if (allocator.name !== 'unavailable') expect(after.live - before.live).to.be.below(MIB)
  },
}

const held: Buffer[] = []

// In a function of its own: a stack slot of the running one would keep a Buffer alive.
function fill(count: number): void {
  for (let index = 0; index < count; index++) held.push(Buffer.alloc(MIB, 1))
}

/** A thread that compiles counts up to 256 KiB of reserved heap as used: of several readings the least is right. */
function settled(allocator: Allocator): { live: number; heap: number } {
  const collector = nodeEnvironment.collector()
  let heap = Infinity
  for (let round = 0; round < 3; round++) {
    collector.major()
    heap = Math.min(heap, nodeEnvironment.heapUsedBytes())
    collector.minor()
    nodeEnvironment.sleepSync(20)
  }
  return { live: liveBytes(read(allocator)), heap }
}

function read(allocator: Allocator): Float64Array {
  const slots = new Float64Array(SLOT_COUNT).fill(-1)
  allocator.readInto(slots)
  return slots
}

function thrownBy(action: () => void): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

function detached(): Float64Array {
  const array = new Float64Array(SLOT_COUNT)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

function shrunk(): Float64Array {
  // Resizable buffers are older than the library types that this compiles against.
  const Resizable = ArrayBuffer as unknown as new (
    bytes: number,
    options: object,
  ) => ArrayBuffer & { resize(to: number): void }
  const memory = new Resizable(8 * SLOT_COUNT, { maxByteLength: 8 * SLOT_COUNT })
  const array = new Float64Array(memory)
  memory.resize(8)
  return array
}
