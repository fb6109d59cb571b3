import { expect } from 'chai'
import type { Reading } from '../helpers/internals/measure.js'
import { buildReport, miscountOf, miscountOfWhole, sampledMost } from '../helpers/internals/report.js'
import type { MeasuredRun, Measurement } from '../helpers/internals/report.js'
import type { AttributionReport, CacheAttribution } from '../../src/index.js'
import { figures, head, measured, sample } from './reports.js'

const KIB = 1024
const NONE = { cachedMostBytes: 0, sampleBytes: null }
const cached = (cachedMostBytes: number) => ({ ...NONE, cachedMostBytes })

const reading = (allocatedKib: number, extents?: number, cachedKib = 0): Reading => ({
  ...figures(allocatedKib * KIB, 0),
  ...(extents === undefined ? {} : { promotable: { extentBytes: extents * 16 * KIB, cachedBytes: cachedKib * KIB } }),
})

const atomic = (before: Reading, after: Reading): Measurement => ({ kind: 'atomic', before, after })
const calm = Array.from({ length: 5 }, () => figures(0, 0))

const reportOf = (measurement: Measurement, rest: Partial<MeasuredRun> = {}): AttributionReport =>
  buildReport({
    head: head(sample(1e9, 0), sample(1e9, 0)),
    controls: calm,
    caches: [measured('a', measurement, { controls: calm })],
    gaps: [],
    warnings: [],
    ...rest,
  })

const rowOf = (...args: Parameters<typeof reportOf>): CacheAttribution => {
  const [row] = reportOf(...args).caches
  if (row === undefined) throw new Error('no row')
  return row
}

describe('miscountOf()', () => {
  it('is nothing where every reading is right', () => {
    expect(miscountOf(atomic(reading(5000), reading(0)), 5000 * KIB, NONE)).to.equal(0)
    const nothing = miscountOf({ kind: 'none' }, null, cached(1000))
    expect(nothing).to.equal(0)
  })

  it('is nothing of twins, whose one thread counts for itself', () => {
    const repeated: Measurement = { kind: 'repeated', changes: [figures(1e6, 0), figures(1e6, 0)] }
    expect(miscountOf(repeated, 1e6, cached(1000))).to.equal(0)
  })

  it('is what went of extents to which the profiler promotes', () => {
    expect(miscountOf(atomic(reading(5000, 100), reading(0, 40)), 5000 * KIB, NONE)).to.equal(60 * 16 * KIB)
  })

  it('has extents that were freed and lie in a thread cache', () => {
    // Small blocks that left the caches meanwhile hide how many such extents came.
    const window = atomic(reading(5000, 100, 700), reading(0, 60, 330))
    expect(miscountOf(window, 5000 * KIB, NONE)).to.equal((40 * 16 + 330) * KIB)
    // Of 5000 KiB no more were sampled at the usual distance than lie in the first of these, and than went in the second.
    const bounded = { ...NONE, sampleBytes: 2 ** 19 }
    const sampled = 16 * KIB * sampledMost(5000 * KIB, 2 ** 19)
    expect(miscountOf(atomic(reading(5000, 100), reading(0, 95, 9999)), 5000 * KIB, bounded)).to.equal(sampled)
    expect(miscountOf(atomic(reading(5000, 100), reading(0, 95, 1)), 5000 * KIB, bounded)).to.equal(81 * KIB)
    expect(miscountOf(atomic(reading(5000, 100), reading(0, 60, 9999)), 5000 * KIB, bounded)).to.equal(40 * 16 * KIB)
  })

  it('is no more than what came back, and nothing where more extents came than went', () => {
    expect(miscountOf(atomic(reading(500, 100), reading(0, 40)), 500 * KIB, NONE)).to.equal(500 * KIB)
    expect(miscountOf(atomic(reading(0, 100), reading(500, 40)), -500 * KIB, NONE)).to.equal(0)
    expect(miscountOf(atomic(reading(500, 40, 300), reading(0, 100)), 500 * KIB, NONE)).to.equal(0)
  })

  it('adds up over the parts of a trim, of which each may err', () => {
    const windows = [100, 90].map((extents) => ({ before: reading(900, extents), after: reading(0, extents - 10) }))
    const batched: Measurement = { kind: 'batched', windows }
    expect(miscountOf(batched, 1800 * KIB, NONE)).to.equal(20 * 16 * KIB)
    expect(miscountOf(batched, 1800 * KIB, cached(7))).to.equal(20 * 16 * KIB + 14)
  })

  it('is all such extents where the release goes on in later turns', () => {
    const firstTurn = { before: reading(5000, 100), after: reading(5000, 100) }
    const stepped: Measurement = { kind: 'stepped', firstTurn, levelsBefore: [], levelsAfter: [] }
    expect(miscountOf(stepped, 5000 * KIB, NONE)).to.equal(1600 * KIB)
    expect(miscountOf(stepped, 700 * KIB, NONE)).to.equal(700 * KIB)
  })

  it('is all that came late, behind the window', () => {
    const window = atomic(reading(5000, 100), reading(0, 90))
    expect(miscountOf(window, 5600 * KIB, NONE, 600 * KIB)).to.equal((160 + 600) * KIB)
    expect(miscountOf(window, 5600 * KIB, cached(7), 600 * KIB)).to.equal((160 + 600) * KIB + 14)
    expect(miscountOf(atomic(reading(5000), reading(0)), 5600 * KIB, NONE, 600 * KIB)).to.equal(0)
  })

  it('is in either direction for thread caches, whatever came back', () => {
    expect(miscountOf(atomic(reading(0), reading(100)), -100 * KIB, cached(5000))).to.equal(5000)
  })
})

describe('sampledMost()', () => {
  it('is three standard deviations above the mean, with what they add', () => {
    for (const sampleBytes of [2 ** 12, 2 ** 16, 2 ** 19]) {
      for (const mean of [0.5, 4, 100, 2500]) {
        const most = mean + 3 * Math.sqrt(mean)
        expect(sampledMost(mean * sampleBytes + most * 16 * KIB, sampleBytes)).to.be.closeTo(most + 1, 1e-6)
      }
    }
  })

  it('is one of next to nothing, and of less than nothing', () => {
    expect(sampledMost(0, 2 ** 19)).to.equal(1)
    expect(sampledMost(-1e6, 2 ** 19)).to.equal(1)
  })
})

describe('miscountOfWhole()', () => {
  const parts = [
    { choice: 'coldest', share: 0.05 },
    { choice: 'random', share: 0.025 },
    null,
    { choice: 'random', share: 0.025 },
  ]

  it('scales as the parts at random are, or the bytes, whichever is more', () => {
    expect(miscountOfWhole(100, parts, { whole: 1000, dropped: 100 })).to.be.closeTo(2000, 1e-6)
    expect(miscountOfWhole(100, parts, { whole: 5000, dropped: 100 })).to.be.closeTo(5000, 1e-6)
    expect(miscountOfWhole(100, parts.slice(0, 1), { whole: null, dropped: null })).to.be.closeTo(2000, 1e-6)
    expect(miscountOfWhole(0, parts, { whole: 1000, dropped: 100 })).to.equal(0)
  })
})

describe('the ± of a row where jemalloc miscounts', () => {
  it('stays as it is, to the byte, where nothing is miscounted', () => {
    const plain = rowOf(atomic(reading(500), reading(0)))
    expect(plain.uncertainty.allocatedBytes).to.equal(8 * KIB)
    expect(rowOf(atomic(reading(500), reading(0)), { miscounts: NONE })).to.deep.equal(plain)
    // Known extents of that size, none of which went.
    expect(rowOf(atomic(reading(500, 9), reading(0, 9)))).to.deep.equal(plain)
  })

  it('covers the error, and a row within it is not significant', () => {
    const window = atomic(reading(500, 40), reading(0, 20))
    const row = rowOf(window)
    expect(row.released.allocatedBytes).to.equal(500 * KIB)
    expect(row.uncertainty.allocatedBytes).to.equal((8 + 320) * KIB)
    expect(row.uncertaintyBytes).to.equal(Math.ceil(Math.hypot(328 * KIB, 16 * KIB, 0)))
    expect(row.significant).to.equal(true)
    expect(rowOf(window, { miscounts: cached(200 * KIB) }).significant).to.equal(false)
  })

  it('leaves noise and floor as they were read, and an unknown ± unknown', () => {
    const window = atomic(reading(500, 40), reading(0, 20))
    const { noise, floor } = reportOf(window, { miscounts: cached(5000) })
    expect(noise.allocatedBytes).to.equal(8 * KIB)
    expect(floor.allocatedBytes).to.equal(1e9 - 500 * KIB)
    const unsure = rowOf(window, { caches: [measured('a', window)] })
    expect(unsure.uncertainty.allocatedBytes).to.equal(null)
    expect(unsure.uncertaintyBytes).to.equal(null)
  })

  it('covers the error of an estimate, which is larger than that of its parts', () => {
    const windows = [100, 90, 80].map((extents) => ({ before: reading(500, extents), after: reading(0, extents - 10) }))
    const part = (index: number) => ({
      choice: 'random' as const,
      share: 0.1,
      entriesBefore: 1000 - index * 100,
      entriesAfter: 900 - index * 100,
      claimedBefore: null,
      claimedAfter: null,
    })
    const trimmed = windows.map((_, index) => part(index))
    const estimatedUncertainty = (of: typeof windows): number =>
      rowOf(
        { kind: 'batched', windows: of },
        {
          caches: [measured('a', { kind: 'batched', windows: of }, { controls: calm, status: 'trimmed', trimmed })],
        },
      ).estimatedUncertaintyBytes ?? NaN
    const plain = windows.map(() => ({ before: reading(500), after: reading(0) }))
    expect(estimatedUncertainty(windows) - estimatedUncertainty(plain)).to.be.closeTo((30 * 16 * KIB) / 0.3, 2)
  })
})
