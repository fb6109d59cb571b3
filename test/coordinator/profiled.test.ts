import { expect } from 'chai'
import type { AttributionReport, CacheAttribution } from '../../src/index.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import type { Profiled } from './fixtures/profiled.js'

const run = (conf: string, ...args: string[]): Promise<Profiled> =>
  runFixture('coordinator/fixtures/profiled', {
    preload: 'jemalloc',
    env: { MALLOC_CONF: conf },
    args,
    timeoutMs: 80_000,
  })

const allocatedOf = ({ caches }: AttributionReport, name: string): [bytes: number, uncertainty: number] => {
  const row: CacheAttribution | undefined = caches.find((cache) => cache.name === name)
  return [row?.released.allocatedBytes ?? NaN, row?.uncertainty.allocatedBytes ?? NaN]
}

/** Every row is that of a process without a profiler, within the ± of both. */
function expectRows(report: AttributionReport, truth: AttributionReport): void {
  for (const { name } of truth.caches) {
    const [bytes, uncertainty] = allocatedOf(report, name)
    const [trueBytes, trueUncertainty] = allocatedOf(truth, name)
    expect(bytes, name).to.be.closeTo(trueBytes, uncertainty + trueUncertainty)
    expect(uncertainty, name).to.be.below(96 * 1024)
  }
}

/**
 * The truth lies within the ± of every row, which is no wider than it must be: of blocks of 8 KiB and less half of the extent
 * at least is too much, and what lies in thread caches may be the profiler's.
 */
function expectCovered(report: AttributionReport, truth: AttributionReport, cachedBytesMax: number): void {
  for (const { name } of truth.caches) {
    const [bytes, uncertainty] = allocatedOf(report, name)
    const [trueBytes, trueUncertainty] = allocatedOf(truth, name)
    const errorBytes = Math.abs(bytes - trueBytes)
    expect(errorBytes, `${name}: ± ${String(uncertainty)}`).to.be.at.most(uncertainty + trueUncertainty)
    expect(uncertainty, name).to.be.below(2 * errorBytes + cachedBytesMax)
  }
}

/** Of the profiler itself: its tables of stacks are memory that lives. */
const PROFILER_BYTES_MAX = 512 * 1024

describe("a run where jemalloc's profiler samples", function () {
  this.timeout(90_000)
  // An interval of 95 % live, under whatever else this machine does: V8 may compile in one window of sixty.
  this.retries(2)
  let truth: Profiled
  before(async function () {
    needsJemalloc(this)
    truth = await run('')
  })
  // The truth is measured as well: where a row differs from it, either may be the one.
  const tried = new Set<string>()
  beforeEach(async function () {
    const title = this.currentTest?.title ?? ''
    if (tried.has(title)) truth = await run('')
    tried.add(title)
  })

  it('is not corrected where nothing is sampled', () => {
    for (const report of [truth.twin, truth.release]) expect(report.before.overcountBytes).to.equal(0)
  })

  for (const lgSample of [19, 16, 12]) {
    for (const state of ['active', 'stopped'] as const) {
      const isPlain = lgSample === (state === 'active' ? 19 : 12)
      const test = isPlain ? it : thorough
      test(`measures as without it at lg_prof_sample:${String(lgSample)}, ${state} before the run`, async () => {
        const profiled = await run(`prof:true,prof_stats:true,lg_prof_sample:${String(lgSample)}`, state)
        // The needed correction is beyond every tolerance here.
        expect(profiled.release.before.overcountBytes).to.be.above(2 ** 37 / 2 ** lgSample)
        for (const mode of ['twin', 'release'] as const) {
          expectRows(profiled[mode], truth[mode])
          const floor = profiled[mode].floor.allocatedBytes
          expect(floor).to.be.closeTo(truth[mode].floor.allocatedBytes ?? NaN, PROFILER_BYTES_MAX)
        }
      })
    }

    const test = lgSample === 19 ? it : thorough
    test(`measures rows in a twin without prof_stats as well, at lg_prof_sample:${String(lgSample)}`, async () => {
      const profiled = await run(`prof:true,lg_prof_sample:${String(lgSample)}`)
      expect(profiled.release.before.overcountBytes).to.equal(null)
      // Live and in the floor it is not: the report says by how much at most.
      for (const { warnings } of [profiled.twin, profiled.release]) {
        expect(warnings.map(({ code }) => code)).to.include('WARN_PROFILER_OVERCOUNT')
      }
      expectRows(profiled.twin, truth.twin)
      // At the default distance so few blocks are sampled that they bound it.
      expectCovered(profiled.release, truth.release, (lgSample === 19 ? 1 : 4) * 1024 * 1024)
    })
  }
})
