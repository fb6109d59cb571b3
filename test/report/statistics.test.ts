import { expect } from 'chai'
import { estimateStep, levelsSuffice, median, noiseOf, outstanding, studentT } from '../helpers/internals/report.js'
import type { Level } from '../helpers/internals/report.js'
import { normalOf, randomOf } from '../coordinator/world.js'

const MIB = 1024 * 1024

describe("Student's t", () => {
  // Two-sided 95 %, from the usual tables.
  const TABLE: readonly [degreesOfFreedom: number, quantile: number][] = [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [10, 2.228],
    [15, 2.131],
    [20, 2.086],
    [25, 2.06],
    [30, 2.042],
    [40, 2.021],
    [60, 2],
    [100, 1.984],
    [1000, 1.962],
  ]
  for (const [degreesOfFreedom, quantile] of TABLE) {
    it(`is ${String(quantile)} for ${String(degreesOfFreedom)} degrees of freedom`, () => {
      expect(studentT(degreesOfFreedom)).to.be.closeTo(quantile, 0.01)
    })
  }

  it('is infinite without one', () => {
    expect([studentT(0), studentT(-3)]).to.deep.equal([Infinity, Infinity])
  })

  it('never rises', () => {
    for (let df = 1; df < 200; df++) expect(studentT(df + 1)).to.be.at.most(studentT(df) + 1e-9)
  })
})

describe('noise', () => {
  it('is unknown without controls', () => {
    expect(noiseOf([], 8)).to.equal(null)
  })

  it('is at least the resolution', () => {
    expect(noiseOf([0, 0, 0], 8192)).to.equal(8192)
  })

  it('counts a fall like a rise', () => {
    expect(noiseOf([-1e6, 1e6], 1)).to.equal(noiseOf([1e6, 1e6], 1))
  })

  it('is wide for one control alone', () => {
    expect(noiseOf([1e6], 1)).to.equal(Math.ceil(studentT(1) * 1e6))
  })

  for (const controls of [1, 2, 4, 10]) {
    it(`covers one more null release in 95 of 100 runs with ${String(controls)} controls`, () => {
      const normal = normalOf(randomOf(controls))
      let covered = 0
      for (let run = 0; run < 4000; run++) {
        const changes = Array.from({ length: controls }, () => 1e6 * normal())
        if (Math.abs(1e6 * normal()) <= (noiseOf(changes, 1) ?? 0)) covered++
      }
      expect(covered / 4000).to.be.within(0.94, 0.965)
    })
  }
})

/** Levels 60 ms apart around a release that takes `releaseMs`. */
function series(count: number, startMs: number, level: (atMs: number) => number): Level[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: startMs + 60 * index,
    bytes: level(startMs + 60 * index),
  }))
}

describe('the step between levels', () => {
  it('is exact where nothing moves', () => {
    const estimate = estimateStep(
      series(8, 0, () => 50 * MIB),
      series(8, 600, () => 20 * MIB),
    )
    expect(estimate.bytes).to.equal(30 * MIB)
    expect(estimate.uncertaintyBytes).to.be.at.most(1)
  })

  it('is exact with a drift, however steep', () => {
    const drift = (atMs: number): number => 50 * MIB + 1000 * atMs
    const estimate = estimateStep(
      series(8, 0, drift),
      series(12, 900, (atMs) => drift(atMs) - 7 * MIB),
    )
    expect(estimate.bytes).to.be.closeTo(7 * MIB, 1)
    expect(estimate.uncertaintyBytes).to.be.at.most(2)
  })

  it('is negative where the level rose, and zero is plain zero', () => {
    expect(
      estimateStep(
        series(3, 0, () => 5),
        series(3, 300, () => 9),
      ).bytes,
    ).to.equal(-4)
    expect(
      Object.is(
        estimateStep(
          series(3, 0, () => 5),
          series(3, 300, () => 5),
        ).bytes,
        0,
      ),
    ).to.equal(true)
  })

  it('has no known error with one level on each side', () => {
    const estimate = estimateStep(
      series(1, 0, () => 5),
      series(1, 60, () => 3),
    )
    expect(estimate).to.deep.equal({ bytes: 2, uncertaintyBytes: null })
  })

  it('is known, with an honest error, from one level before and many after', () => {
    const normal = normalOf(randomOf(5))
    let covered = 0
    for (let run = 0; run < 2000; run++) {
      const noisy = (level: number) => () => level + MIB * normal()
      const { bytes, uncertaintyBytes } = estimateStep(series(1, 0, noisy(9 * MIB)), series(8, 300, noisy(0)))
      if (Math.abs(bytes - 9 * MIB) <= (uncertaintyBytes ?? 0)) covered++
    }
    expect(covered / 2000).to.be.at.least(0.93)
  })

  const CASES: readonly [what: string, correlation: number, drift: number, before: number, after: number][] = [
    ['independent noise', 0, 0, 8, 8],
    ['independent noise and a drift', 0, 2000, 8, 8],
    ['independent noise, many levels', 0, 500, 24, 20],
    ['noise with a memory of a third', 0.33, 500, 8, 8],
    ['noise with a memory of a half', 0.5, 0, 8, 8],
    ['noise with a memory of a half, many levels', 0.5, 500, 24, 20],
  ]
  for (const [what, correlation, drift, before, after] of CASES) {
    it(`lies within its error in at least 93 of 100 runs: ${what}`, () => {
      const normal = normalOf(randomOf(11))
      let covered = 0
      const runs = 2000
      for (let run = 0; run < runs; run++) {
        let state = normal()
        const level = (base: number) => (atMs: number) => {
          state = correlation * state + Math.sqrt(1 - correlation ** 2) * normal()
          return base + drift * atMs + 2 * MIB * state
        }
        const near = series(before, 0, level(80 * MIB))
        const far = series(after, 60 * before + 100, level(70 * MIB))
        const { bytes, uncertaintyBytes } = estimateStep(near, far)
        if (Math.abs(bytes - 10 * MIB) <= (uncertaintyBytes ?? 0)) covered++
      }
      expect(covered / runs).to.be.at.least(0.93)
    })
  }

  it('lies within its error also when levels are taken until it is small enough', () => {
    const normal = normalOf(randomOf(23))
    let covered = 0
    const runs = 2000
    for (let run = 0; run < runs; run++) {
      const level = (base: number) => (atMs: number) => ({
        atMs,
        allocatedBytes: base + 1.6 * MIB * normal(),
        heapBytes: 0,
        mappedBytes: null,
      })
      const near = Array.from({ length: 8 }, (_, index) => level(80 * MIB)(60 * index))
      const far: ReturnType<ReturnType<typeof level>>[] = []
      do far.push(level(70 * MIB)(600 + 60 * far.length))
      while (!levelsSuffice(near, far, { least: 8, most: 20, wantedBytes: 2 * MIB }))
      const of = (levels: typeof far): Level[] =>
        levels.map(({ atMs, allocatedBytes }) => ({ atMs, bytes: allocatedBytes }))
      const { bytes, uncertaintyBytes } = estimateStep(of(near), of(far))
      if (Math.abs(bytes - 10 * MIB) <= (uncertaintyBytes ?? 0)) covered++
    }
    expect(covered / runs).to.be.at.least(0.93)
  })
})

describe('the number of levels', () => {
  const bounds = { least: 3, most: 6, wantedBytes: 1000 }
  const flat = (
    count: number,
    startMs: number,
    noise = 0,
  ): { allocatedBytes: number; heapBytes: number; mappedBytes: null; atMs: number }[] =>
    Array.from({ length: count }, (_, index) => ({
      allocatedBytes: index % 2 === 0 ? noise : -noise,
      heapBytes: 5,
      mappedBytes: null,
      atMs: startMs + index,
    }))

  it('is at least the least', () => {
    expect(levelsSuffice(flat(3, 0), flat(2, 10), bounds)).to.equal(false)
    expect(levelsSuffice(flat(3, 0), flat(3, 10), bounds)).to.equal(true)
  })

  it('grows while the step is not known well enough, up to the most', () => {
    const [near, noise] = [flat(3, 0, 1e6), 1e6]
    expect(levelsSuffice(near, flat(5, 10, noise), bounds)).to.equal(false)
    expect(levelsSuffice(near, flat(6, 10, noise), bounds)).to.equal(true)
  })

  it('counts the heap alone where the allocator tells nothing', () => {
    const heapOnly = flat(4, 0).map((level) => ({ ...level, allocatedBytes: null }))
    expect(levelsSuffice(heapOnly, heapOnly, bounds)).to.equal(true)
  })
})

describe('gaps that stand out', () => {
  it('are told by their distance from the others', () => {
    expect(outstanding([5, 6, 5, 1_000_000, 4], 100)).to.deep.equal([null, null, null, 999_995, null])
  })

  it('may be rises as well', () => {
    expect(outstanding([0, 0, -1_000_000, 0], 100)).to.deep.equal([null, null, -1_000_000, null])
  })

  it('are none where all are alike, large or not', () => {
    expect(outstanding([1e9, 1e9 + 50, 1e9 - 50], 100)).to.deep.equal([null, null, null])
  })

  it('are none below the least, however calm the rest', () => {
    expect(outstanding([0, 0, 0, 99], 100)).to.deep.equal([null, null, null, null])
  })

  it('are none of one gap, and nothing of none', () => {
    expect(outstanding([1e9], 100)).to.deep.equal([null])
    expect(outstanding([], 100)).to.deep.equal([])
  })

  it('are seldom called in noise alone', () => {
    const normal = normalOf(randomOf(2))
    let called = 0
    for (let run = 0; run < 500; run++) {
      const gaps = Array.from({ length: 20 }, () => 1e6 * normal())
      called += outstanding(gaps, 1000).filter((gap) => gap !== null).length
    }
    expect(called).to.be.at.most(5)
  })
})

describe('the median', () => {
  it('is the middle one, or the mean of the middle two, or 0 of nothing', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).to.deep.equal([2, 2.5, 0])
  })

  it('leaves its values as they are', () => {
    const values = Object.freeze([3, 1, 2])
    expect(() => median(values)).not.to.throw()
  })
})
