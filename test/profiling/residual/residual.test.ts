import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { ResidualResult } from '../fixtures/residual.js'

const MIB = 2 ** 20

describe('attribute({ explainResidual: true })', function () {
  let result: ResidualResult
  before(async function () {
    needsJemalloc(this)
    this.timeout(120_000)
    result = await runFixture<ResidualResult>('profiling/fixtures/residual', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:false' },
      timeoutMs: 110_000,
    })
  })

  it('tells in a twin who allocated what no cache held, and nothing of what was released', () => {
    const { residual } = result.twin
    expect(residual?.takenIn).to.equal('twin')
    // 60 streams of 268 KiB; the 32 MiB of the cache would be twice that.
    expect(residual?.sampledBytes).to.be.within(12 * MIB, 26 * MIB)
    const [largest] = residual?.stacks ?? []
    expect(largest?.frames.join('\n')).to.match(/deflate|zlib|Zlib/i)
    expect(result.entriesAfterTwin).to.equal(500)
  })

  it('adds up: the stacks and the rest are the whole', () => {
    const { residual } = result.twin
    const sum = (residual?.stacks ?? []).reduce((bytes, stack) => bytes + stack.bytes, residual?.otherBytes ?? 0)
    expect(sum).to.equal(residual?.sampledBytes)
  })

  it('tells it at the end of a run in the live process, too', () => {
    expect(result.release.residual?.takenIn).to.equal('process')
    expect(result.release.residual?.sampledBytes).to.be.within(12 * MIB, 26 * MIB)
  })

  it('shows it below the table', () => {
    expect(result.text).to.match(/Still live, by who allocated it \(after every release; sampled every 16\.00 KiB/)
  })

  for (const [name, words] of [
    ['off', 'ERR_PROFILING_OFF'],
    ['taken', 'ERR_PROFILE_IN_PROGRESS'],
  ] as const) {
    it(`is a warning, and no failure of the run, where the profiler is ${name}`, () => {
      const { residual, warnings, caches } = result[name]
      expect(residual).to.equal(undefined)
      const warning = warnings.find(({ code }) => code === 'WARN_RESIDUAL_UNEXPLAINED')
      expect(warning?.message).to.include(words)
      expect(caches[0]?.released.allocatedBytes).to.be.greaterThan(30 * MIB)
    })
  }

  it('gives the profiler back', () => {
    expect(result.isFree).to.equal(true)
  })
})
