import { expect } from 'chai'
import {
  bytesAt,
  bytesOfAll,
  accountableParts,
  shareOut,
  buildBreakdown,
  PART,
} from '../../helpers/internals/report-breakdown.js'
import type { CacheBytes } from '../../helpers/internals/report-breakdown.js'
import type { IsolateHeap } from '../../../src/index.js'
import { MIB, faultsOf, heap, readings } from './readings.js'

const MAIN = 'main thread'

describe('buildBreakdown()', () => {
  it("divides V8's mappings into live, free and to be swept, and the rest", () => {
    const tree = buildBreakdown(readings({ mapped: { v8: 103 * MIB } }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.live)).to.equal(80 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.free)).to.equal(15 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.unswept)).to.equal(5 * MIB)
    expect(bytesAt(tree, PART.v8, PART.pagePool)).to.equal(3 * MIB)
  })

  it('tells what lived after the last major collection, and does not call it live where that is not known', () => {
    const of = (live: number | null): ReturnType<typeof buildBreakdown> =>
      buildBreakdown(readings({ isolates: [heap(MAIN, { used: 80, size: 100, available: 15, live })] }))
    expect(bytesAt(of(50), PART.v8, MAIN, PART.live)).to.equal(50 * MIB)
    expect(bytesAt(of(50), PART.v8, MAIN, PART.since)).to.equal(30 * MIB)
    // Objects that lived then may have been dropped since by a minor collection, or by V8 itself.
    expect(bytesAt(of(90), PART.v8, MAIN, PART.live)).to.equal(80 * MIB)
    expect(bytesAt(of(90), PART.v8, MAIN, PART.since)).to.equal(0)
    expect(bytesAt(of(null), PART.v8, MAIN, PART.used, 'old_space')).to.equal(80 * MIB)
    expect(bytesAt(of(null), PART.v8, MAIN, PART.live)).to.equal(0)
  })

  it('takes what caches hold for live, also where they were filled since the last major collection', () => {
    const caches = [{ name: 'users', allocatedBytes: null, heapBytes: 60 * MIB, mappedBytes: null }]
    const of = (live: number | null): ReturnType<typeof buildBreakdown> =>
      buildBreakdown(readings({ caches, isolates: [heap(MAIN, { used: 80, size: 100, available: 15, live })] }))
    expect(bytesAt(of(20), PART.v8, MAIN, PART.live, 'cache users')).to.equal(60 * MIB)
    expect(bytesAt(of(20), PART.v8, MAIN, PART.live, PART.inNoCache)).to.equal(0)
    expect(bytesAt(of(20), PART.v8, MAIN, PART.since)).to.equal(20 * MIB)
    expect(bytesAt(of(70), PART.v8, MAIN, PART.live, PART.inNoCache)).to.equal(10 * MIB)
    expect(bytesAt(of(null), PART.v8, MAIN, PART.used, 'cache users')).to.equal(60 * MIB)
  })

  it("tells the pool of freed pages from other threads' buffers and from machine code", () => {
    const code = { name: 'code_space', usedBytes: MIB, sizeBytes: 2 * MIB, availableBytes: MIB }
    const of = (isolates: readonly IsolateHeap[], more: Parameters<typeof readings>[0] = {}): number[] => {
      const tree = buildBreakdown(readings({ isolates, ...more, mapped: { v8: 500 * MIB, v8Code: 12 * MIB } }))
      return [PART.pagePool, PART.outsideCode, PART.outsideSpaces].map((name) => bytesAt(tree, PART.v8, name) / MIB)
    }
    const main: IsolateHeap = { name: MAIN, spaces: [code], externalBytes: 0 }
    expect(of([main])).to.deep.equal([488, 10, 0])
    const all = { name: 'all spaces', usedBytes: MIB, sizeBytes: 2 * MIB, availableBytes: MIB }
    const worker: IsolateHeap = { name: 'worker 1', spaces: [all], externalBytes: 7 * MIB }
    expect(of([main, worker])).to.deep.equal([496 - 12 - 7, 0, 12 + 7])
    expect(of([main, { ...worker, externalBytes: null }])).to.deep.equal([0, 0, 496])
    expect(of([main], { ownMapped: null })).to.deep.equal([0, 10, 488])
  })

  it('bounds free memory by what is resident: committed pages need not have been touched', () => {
    const tree = buildBreakdown(readings({ mapped: { v8: 84 * MIB } }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.live)).to.equal(80 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.free)).to.equal(3 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.unswept)).to.equal(MIB)
  })

  it('cuts live memory to what is resident, where the heap was swapped out', () => {
    const isolates = [
      heap(MAIN, { used: 80, size: 100, available: 0 }),
      heap('worker 1', { used: 40, size: 40, available: 0 }),
    ]
    const tree = buildBreakdown(readings({ mapped: { v8: 60 * MIB, swap: 60 * MIB }, isolates }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.live)).to.equal(40 * MIB)
    expect(bytesAt(tree, PART.v8, 'worker 1', PART.live)).to.equal(20 * MIB)
    expect(tree.note).to.contain('60.00 MiB swapped out')
  })

  it('takes no memory beyond the pages of the main thread for free, where workers run whose heaps are not known', () => {
    const tree = buildBreakdown(readings({ mapped: { v8: 170 * MIB, workers: 2 } }))
    expect(bytesAt(tree, PART.v8, PART.notAsked)).to.equal(70 * MIB)
    expect(bytesOfAll(tree, PART.free)).to.equal(15 * MIB)
    expect(bytesOfAll(tree, PART.outsideSpaces) + bytesOfAll(tree, PART.pagePool)).to.equal(0)
  })

  it('takes no memory beyond its own pages for free in a worker, where the heap of the main thread is not known', () => {
    const isolates = [heap('worker 1', { used: 30, size: 50, available: 20 })]
    const tree = buildBreakdown(readings({ mapped: { workers: 1 }, isolates }))
    expect(bytesAt(tree, PART.v8, PART.notAsked)).to.equal(50 * MIB)
    expect(bytesOfAll(tree, PART.free)).to.equal(20 * MIB)
  })

  it('takes the whole other half of the young generation for free', () => {
    const space = { name: 'new_space', sizeBytes: 32 * MIB, usedBytes: 4 * MIB, availableBytes: 12 * MIB }
    const tree = buildBreakdown(readings({ isolates: [{ name: MAIN, spaces: [space] }] }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.free)).to.equal(28 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.unswept)).to.equal(0)
  })

  it('does not take for free what a space of large objects could still grow by', () => {
    const space = { name: 'large_object_space', sizeBytes: 5 * MIB, usedBytes: 5 * MIB, availableBytes: 4000 * MIB }
    const tree = buildBreakdown(readings({ isolates: [{ name: MAIN, spaces: [space] }] }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.free)).to.equal(0)
  })

  it("divides jemalloc's mappings as its statistics tell", () => {
    const tree = buildBreakdown(readings())
    const of = (name: string): number => bytesAt(tree, PART.allocator, name) / MIB
    expect([PART.live, PART.threadCaches, PART.fragmentation, PART.dirty, PART.metadata].map(of)).to.deep.equal([
      40, 2, 5, 10, 3,
    ])
    expect(of(PART.unexplained)).to.equal(0)
  })

  it('takes live memory for the part that was never touched', () => {
    const tree = buildBreakdown(
      readings({ allocator: { allocatedBytes: 1000 * MIB, rawAllocatedBytes: 1002 * MIB, activeBytes: 1007 * MIB } }),
    )
    expect(bytesAt(tree, PART.allocator, PART.dirty)).to.equal(10 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.live)).to.equal((60 - 10 - 2 - 5 - 3 / 8) * MIB)
    const live = tree.children?.[1]?.children?.[0]
    expect(live?.note).to.contain('1000.0 MiB are allocated')
  })

  it('leaves what no statistic explains as a leaf of its own', () => {
    const tree = buildBreakdown(readings({ mapped: { arenas: 70 * MIB }, allocator: { muzzyBytes: 4 * MIB } }))
    expect(bytesAt(tree, PART.allocator, PART.muzzy)).to.equal(4 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.unexplained)).to.equal(6 * MIB)
  })

  it('tells retained address space in a note, outside RSS', () => {
    const note = buildBreakdown(readings()).children?.[1]?.note
    expect(note).to.contain('100.0 MiB of address space retained')
  })

  it("divides glibc's arenas into live and free, and takes its blocks as live", () => {
    const allocator = { name: 'glibc' as const, rawAllocatedBytes: 40 * MIB, mappedBytes: 55 * MIB, activeBytes: null }
    const mapped = { arenas: 40 * MIB, blocks: 6 * MIB, blocksVirtual: 10 * MIB }
    const tree = buildBreakdown(readings({ allocator, mapped }))
    expect(bytesAt(tree, PART.allocator, PART.live)).to.equal(36 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.fragmentation)).to.equal(10 * MIB)
  })

  it('does not divide what an allocator without statistics has', () => {
    const allocator = { name: 'unavailable' as const, allocatedBytes: null, rawAllocatedBytes: null }
    const tree = buildBreakdown(readings({ allocator }))
    expect(bytesAt(tree, PART.allocator, PART.undivided)).to.equal(60 * MIB)
  })

  it('names what caches hold, of the heap and of the allocator, and what none does', () => {
    const caches: CacheBytes[] = [
      { name: 'users', allocatedBytes: MIB, heapBytes: 50 * MIB, mappedBytes: null },
      { name: 'files', allocatedBytes: 30 * MIB, heapBytes: null, mappedBytes: null },
    ]
    const tree = buildBreakdown(readings({ caches }))
    expect(bytesAt(tree, PART.v8, MAIN, PART.live, 'cache users')).to.equal(50 * MIB)
    expect(bytesAt(tree, PART.v8, MAIN, PART.live, PART.inNoCache)).to.equal(30 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.live, 'cache files')).to.equal(30 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.live, PART.inNoCache)).to.equal(9 * MIB)
  })

  it('cuts caches that are estimated to hold more than is resident', () => {
    const caches = [
      { name: 'a', allocatedBytes: 60 * MIB, heapBytes: null, mappedBytes: null },
      { name: 'b', allocatedBytes: 20 * MIB, heapBytes: -5, mappedBytes: null },
    ]
    const tree = buildBreakdown(readings({ caches }))
    expect(bytesAt(tree, PART.allocator, PART.live, 'cache a')).to.equal(30 * MIB)
    expect(bytesAt(tree, PART.allocator, PART.live, PART.inNoCache)).to.equal(0)
  })

  it('shows the largest files and sums the others', () => {
    const files = Array.from({ length: 40 }, (_, index) => ({
      name: `/data/${String(index)}`,
      bytes: (index + 1) * 4096,
    }))
    const node = buildBreakdown(readings({ mapped: { files } })).children?.find(({ name }) => name === PART.files)
    expect(node?.children?.length).to.equal(12)
    expect(node?.children?.at(-1)?.name).to.equal('29 others')
    expect(node?.bytes).to.equal((40 * 41 * 4096) / 2)
  })

  it('says so where parts were told apart by figures', () => {
    expect(buildBreakdown(readings({ mapped: { coarse: 'hidden' } })).note).to.contain(
      'by figures and not by address: hidden',
    )
  })

  it('adds up, whatever the figures say, to the byte and without a negative', () => {
    let state = 3
    const some = (most: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31
      return Math.floor((state / 2 ** 31) * most)
    }
    for (let round = 0; round < 2000; round++) {
      const orNull = (): number | null => (some(5) === 0 ? null : some(99 * MIB) - some(2) * 50 * MIB)
      const allocator = {
        name: (['jemalloc', 'glibc', 'unavailable'] as const)[some(3)] ?? 'glibc',
        allocatedBytes: orNull(),
        rawAllocatedBytes: orNull(),
        threadCacheBytes: orNull(),
        activeBytes: orNull(),
        dirtyBytes: orNull(),
        muzzyBytes: orNull(),
        metadataBytes: orNull(),
        mappedBytes: orNull(),
      }
      const isolates = Array.from({ length: some(4) }, (_, index) => ({
        name: index === 0 ? MAIN : `isolate ${String(index)}`,
        spaces: Array.from({ length: some(4) }, (_space, place) => ({
          name: ['new_space', 'code_space', 'old_space'][place] ?? `space ${String(place)}`,
          usedBytes: some(60 * MIB) + 0.5,
          sizeBytes: some(60 * MIB),
          availableBytes: some(60 * MIB),
        })),
        lastMajorGc: some(2) === 0 ? null : { usedBytes: some(60 * MIB) + 0.5, ageMs: some(1e9) },
        externalBytes: orNull(),
      }))
      const caches = Array.from({ length: some(4) }, (_, index) => ({
        name: `c${String(index)}`,
        allocatedBytes: orNull(),
        heapBytes: orNull(),
        mappedBytes: null,
      }))
      const mapped = {
        v8: some(99 * MIB),
        v8Code: some(9 * MIB),
        arenas: some(99 * MIB),
        blocks: some(MIB),
        blocksVirtual: some(MIB),
        workers: some(3),
        other: some(MIB),
      }
      const ownMapped = some(3) === 0 ? null : { wasmBytes: some(9 * MIB), resizableBytes: some(9 * MIB) }
      const tree = buildBreakdown(
        readings({ mapped, allocator, isolates, ownMapped, caches: some(2) === 0 ? null : caches }),
      )
      expect(faultsOf(tree)).to.deep.equal([])
      expect(tree.bytes).to.equal(mapped.v8 + mapped.arenas + mapped.blocks + mapped.other + 40 * MIB)
      const compared = accountableParts(tree).reduce((sum, { bytes }) => sum + bytes, 0)
      expect(compared + bytesAt(tree, PART.binary) + bytesOfAll(tree, PART.undivided)).to.equal(tree.bytes)
    }
  })
})

describe('shareOut()', () => {
  it('gives the whole to the byte, in proportion', () => {
    expect(shareOut(10, [1, 1, 1])).to.deep.equal([3, 4, 3])
    expect(shareOut(100, [3, 0, 1])).to.deep.equal([75, 0, 25])
  })

  it('gives all of it to the last where nothing has a weight', () => {
    expect(shareOut(7, [0, 0])).to.deep.equal([0, 7])
  })
})
