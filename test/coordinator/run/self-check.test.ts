/** A run's check of itself, in real processes: what it measures of a known set is known without it. */
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import type { SelfChecked } from './fixtures/self-checked.js'
import { World, remainderOf, warningsOf } from '../world.js'

const KIB = 1024
/** Blocks and bookkeeping, without an allocator's own rounding. */
const ALLOCATED_BYTES = 512 * KIB + 107 * 144
const MODES = ['twin', 'twins', 'release', 'trim'] as const

const run = (preload: 'jemalloc' | 'none', conf = ''): Promise<SelfChecked> =>
  runFixture('coordinator/run/fixtures/self-checked', { preload, env: { MALLOC_CONF: conf }, timeoutMs: 80_000 })

for (const allocator of ['jemalloc', 'glibc'] as const) {
  const suite = allocator === 'jemalloc' ? describe : thoroughSuite
  suite(`the self-check of a run under ${allocator}`, function () {
    this.timeout(90_000)
    let result: SelfChecked
    before(async function () {
      if (allocator === 'jemalloc') needsJemalloc(this)
      else if (process.platform !== 'linux') this.skip()
      result = await run(allocator === 'jemalloc' ? 'jemalloc' : 'none')
    })

    for (const mode of MODES) {
      it(`holds (${mode}), and is no part of the balance`, () => {
        const report = result[mode]
        expect(report.process.allocator.name).to.equal(allocator)
        const { selfCheck } = report
        expect(selfCheck?.holds, JSON.stringify(selfCheck)).to.equal(true)
        expect(selfCheck?.allocated?.expectedBytes).to.equal(ALLOCATED_BYTES)
        expect(selfCheck?.allocated?.factor).to.be.closeTo(1, 0.05)
        expect(selfCheck?.heap.factor).to.be.closeTo(1, 0.075)
        expect(selfCheck?.measuredBytes).to.equal(
          (selfCheck?.allocated?.measuredBytes ?? NaN) + (selfCheck?.heap.measuredBytes ?? NaN),
        )
        expect(warningsOf(report)).to.not.include('WARN_SELF_CHECK')
        expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
      })
    }

    it('is left out without forced collections, and where a budget leaves no room', () => {
      for (const { selfCheck } of result.without) expect(selfCheck).to.equal(null)
    })
  })
}

describe("the self-check of a run where jemalloc's profiler adds to what it samples", function () {
  this.timeout(90_000)
  let result: SelfChecked
  before(async function () {
    needsJemalloc(this)
    result = await run('jemalloc', 'prof:true,lg_prof_sample:12')
  })

  it('warns of a live run, with the factor', () => {
    for (const report of [result.release, result.trim]) {
      const { selfCheck } = report
      expect(selfCheck).to.include({ holds: false, attempts: 3 })
      expect(selfCheck?.allocated?.factor).to.be.above(1.5)
      expect(selfCheck?.heap.factor).to.be.closeTo(1, 0.075)
      const warning = report.warnings.find(({ code }) => code === 'WARN_SELF_CHECK')
      expect(warning?.message).to.include(`(factor ${selfCheck?.allocated?.factor.toFixed(2) ?? ''}) in the allocator`)
      expect(warning?.message).to.not.include('JS heap')
    }
  })

  it('holds in a twin, whose rows are right', () => {
    expect(result.twin.selfCheck?.holds, JSON.stringify(result.twin.selfCheck)).to.equal(true)
    expect(warningsOf(result.twin)).to.not.include('WARN_SELF_CHECK')
  })
})

describe('a run in surroundings that are not real', () => {
  it('has no self-check', async () => {
    const world = new World()
    const { selfCheck } = await world.coordinator().attribute()
    expect(selfCheck).to.equal(null)
  })
})
