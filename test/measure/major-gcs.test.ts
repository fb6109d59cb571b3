import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { MajorGcs } from './fixtures/major-gcs.js'

describe('major collections', () => {
  let reported: MajorGcs
  before(async () => {
    reported = await runFixture<MajorGcs>('measure/fixtures/major-gcs', { env: { NODE_V8_COVERAGE: undefined } })
  })

  it('are told of while a coordinator is open, and not before or after', () => {
    expect([reported.unwatched, reported.beforeAny]).to.deep.equal([null, null])
    expect(reported.withOneLeft).to.not.equal(null)
    expect(reported.afterAll).to.equal(null)
  })

  it('are told of with what lived after them, which is near what V8 says right then', () => {
    expect(reported.afterOne?.heapBytes).to.be.closeTo(reported.usedBytes, 600 * 1024)
    expect(reported.afterOne?.sinceMs).to.be.within(0, 2000)
  })

  it('are told of again and again, however much was allocated since, with how long ago that was', () => {
    expect(reported.later?.heapBytes).to.equal(reported.afterOne?.heapBytes)
    expect(reported.later?.sinceMs).to.be.at.least(50)
    expect(reported.usedLater - (reported.later?.heapBytes ?? NaN)).to.be.above(1_500_000)
  })

  it('are those of the thread that asks', () => {
    const { reported: inWorker, usedBytes } = reported.ofWorker ?? { reported: null, usedBytes: NaN }
    expect(inWorker?.heapBytes).to.be.closeTo(usedBytes, 600 * 1024)
    expect(usedBytes).to.be.above(1.3 * reported.usedBytes)
  })
})
