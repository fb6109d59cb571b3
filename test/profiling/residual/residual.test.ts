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

  for (const mode of ['twin', 'release'] as const) {
    it(`has beside what was measured of a cache what the profile had of it, garbage left out: by ${mode}`, () => {
      const [buffers, filled] = ['buffers', 'pages'].map((name) => result[mode].caches.find((row) => row.name === name))
      const { allocatedBytes = NaN, uncertaintyBytes = null } = filled?.sampled ?? {}
      expect(filled?.released.allocatedBytes).to.be.closeTo(200 * 81_920, MIB)
      // Blocks of 80 KiB, one sample in 16: nearly each is sampled.
      expect(uncertaintyBytes).to.be.within(1, MIB)
      expect(Math.abs(allocatedBytes - 200 * 81_920)).to.be.at.most(MIB)
      // Nobody said what fills the other one.
      expect(buffers?.sampled).to.equal(undefined)
    })
  }

  it('shows that below the stacks', () => {
    expect(result.text).to.match(
      /By who fills them \(account\(\); sampled before the first release\)\n +15\.\d+ MiB ± [\d.]+ KiB {2}pages, measured 15\.\d+ MiB of the allocator's memory/,
    )
  })

  it('has nothing of it where nothing was sampled', () => {
    for (const { caches } of [result.off, result.taken]) expect(caches.some(({ sampled }) => sampled)).to.equal(false)
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
      const buffers = caches.find((row) => row.name === 'buffers')
      expect(buffers?.released.allocatedBytes).to.be.greaterThan(30 * MIB)
    })
  }

  it('gives the profiler back', () => {
    expect(result.isFree).to.equal(true)
  })
})
