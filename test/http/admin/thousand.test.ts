import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import type { Thousand } from './fixtures/thousand.js'

thoroughSuite('a thousand requests for the same run at once', () => {
  let seen: Thousand
  before(async function () {
    this.timeout(90_000)
    seen = await runFixture<Thousand>('http/admin/fixtures/thousand', { timeoutMs: 80_000 })
  })

  it('make one run, whose report all of them get', () => {
    for (const { statuses, ids } of seen.rounds) {
      expect(statuses).to.deep.equal([200])
      expect(ids).to.have.length(1)
    }
  })

  it('release once', () => {
    expect(seen.releases).to.equal(seen.rounds.length)
  })

  it('leave the memory flat', () => {
    expect(seen.heapGrowthBytes).to.be.below(1024 * 1024)
    expect(seen.rssGrowthBytes).to.be.below(64 * 1024 * 1024)
  })

  it('and clients that vanish leave no run behind, and no socket', () => {
    expect([seen.runsLeft, seen.socketsLeft]).to.deep.equal([0, 0])
  })
})
