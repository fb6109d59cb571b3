import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runBounded } from '../../../examples/19-memory-pressure/bounded.js'
import { JEMALLOC, needsJemalloc, runFixture } from '../../helpers/child.js'
import { thorough } from '../../helpers/thorough.js'
import type { RealRound } from './fixtures/real-round.js'

const MIB = 1024 * 1024
const EXAMPLE = fileURLToPath(new URL('../../../examples/19-memory-pressure.js', import.meta.url))

describe('a release under pressure in a real process', function () {
  this.timeout(90_000)
  before(function () {
    needsJemalloc(this)
  })

  it('releases first what really returns to the system, whatever is claimed, and frees as much as it says', async () => {
    const result = await runFixture<RealRound>('coordinator/pressure/fixtures/real-round', {
      preload: 'jemalloc',
      timeoutMs: 60_000,
    })
    const { isMeasured, neighbours, handlesLeft, round, rssFellBytes } = result
    expect(isMeasured).to.equal(true)
    const [first, second, lossy] = round?.caches ?? []
    expect(first).to.deep.include({ name: 'whole', status: 'released', basis: 'returned' })
    expect(second).to.deep.include({ name: 'torn', status: 'spared', basis: 'returned' })
    expect(lossy).to.deep.include({ name: 'lossy', status: 'skipped' })
    expect(first?.expectedBytes).to.be.within(12 * MIB, 24 * MIB)
    expect(second?.expectedBytes).to.be.lessThan(12 * MIB)
    expect(round).to.deep.include({ isRelieved: true, isPurged: true, keptBytes: 0 })
    expect(first?.freedBytes).to.be.within(12 * MIB, 30 * MIB)
    expect(round?.freedBytes).to.be.closeTo(rssFellBytes, 2 * MIB)
    expect(neighbours).to.equal(20_000)
    expect(handlesLeft).to.equal(0)
  })

  for (const allocator of ['jemalloc', 'glibc']) {
    thorough(`keeps a service alive that its bound kills without it, under ${allocator}`, async () => {
      const { LD_PRELOAD: inherited } = process.env
      if (allocator === 'jemalloc') process.env['LD_PRELOAD'] = JEMALLOC
      else delete process.env['LD_PRELOAD']
      try {
        const without = await runBounded(EXAMPLE, ['serve', 'alone'], 192 * MIB)
        expect([without.code, without.signal], without.output).to.satisfy(
          ([code, signal]: [number | null, string | null]) => signal === 'SIGKILL' || code === 137,
        )
        const watched = await runBounded(EXAMPLE, ['serve', 'watched'], 192 * MIB)
        expect([watched.code, watched.signal], watched.output).to.deep.equal([0, null])
        expect(watched.output).to.match(/requests answered, \d+ rounds, 1 order kept/)
      } finally {
        if (inherited === undefined) delete process.env['LD_PRELOAD']
        else process.env['LD_PRELOAD'] = inherited
      }
    })
  }
})
