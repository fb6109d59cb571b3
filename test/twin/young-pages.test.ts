import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { YoungPagesResult } from './fixtures/young-pages.js'

describe("V8's young generation beside a twin", function () {
  this.timeout(90_000)
  let result: YoungPagesResult
  before(async () => {
    // Tests of coverage keep counters in it.
    const env = { NODE_V8_COVERAGE: undefined }
    result = await runFixture('twin/fixtures/young-pages', {
      env,
      execArgv: ['--min-semi-space-size=16'],
      timeoutMs: 80_000,
    })
  })

  it('is not shared where it is empty: writing it again copies next to nothing', function () {
    expect(result.isKnown).to.equal(true)
    const { beside, alone } = result.faults
    // Two halves of 16 MiB and more are 8,192 pages.
    expect(beside - alone).to.be.below(3000)
  })

  it('is whole in the twin, also when the twin fills it', () => {
    const [here, inTwin, afterGarbage] = result.sums
    expect(here).to.be.above(0)
    expect([inTwin, afterGarbage]).to.deep.equal([here, here])
  })
})
