import { expect } from 'chai'
import { SnapshotTime, SNAPSHOT_MOST_MS } from '../../helpers/internals/twin-owners.js'
import { runFixture } from '../../helpers/child.js'
import { thorough } from '../../helpers/thorough.js'
import type { SlowSnapshot } from './fixtures/slow-snapshot.js'

const FIXTURE = 'twin/owners/fixtures/slow-snapshot'

describe("V8's heap snapshot in place of a walk", function () {
  this.timeout(180_000)

  it('ends with the budget of the discovery, however long it would take', async () => {
    const { code, elapsedMs } = await runFixture<SlowSnapshot>(FIXTURE, { args: ['3000'], timeoutMs: 170_000 })
    expect(code).to.equal('ERR_BUDGET_DURATION')
    expect(elapsedMs).to.be.below(60_000)
  })

  thorough('ends without one as well, and the result says so', async () => {
    const { code, warnings } = await runFixture<SlowSnapshot>(FIXTURE, { args: ['none'], timeoutMs: 170_000 })
    expect(code).to.equal(null)
    expect(warnings.join()).to.match(/it is not understood; V8's heap snapshot takes longer than 20\.0 s$/)
  })
})

describe('SnapshotTime', () => {
  function timeAt(clock: { ms: number }, endsAtMs?: number): SnapshotTime {
    return new SnapshotTime({ now: () => clock.ms }, endsAtMs)
  }

  it('has a limit where there is no budget', () => {
    const clock = { ms: 500 }
    const time = timeAt(clock)
    expect(time.mostMs).to.equal(SNAPSHOT_MOST_MS)
    clock.ms += SNAPSHOT_MOST_MS
    expect(time.problem()).to.equal(null)
    clock.ms += 1
    expect(time.problem()).to.match(/takes longer than 20\.0 s/)
  })

  it('has what the budget has left, and no more', () => {
    const clock = { ms: 1000 }
    expect(timeAt(clock, 4000).mostMs).to.equal(3000)
    expect(timeAt(clock, 1e9).mostMs).to.equal(SNAPSHOT_MOST_MS)
    expect(timeAt(clock, 900).mostMs).to.equal(0)
    expect(timeAt(clock, 900).problem()).to.match(/no time of the budget is left/)
  })
})
