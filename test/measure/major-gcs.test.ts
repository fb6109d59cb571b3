import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { MajorGcs } from './fixtures/major-gcs.js'

describe('major collections', () => {
  let told: MajorGcs
  before(async () => {
    told = await runFixture<MajorGcs>('measure/fixtures/major-gcs', { env: { NODE_V8_COVERAGE: undefined } })
  })

  it('are told of while a coordinator is open, and not before or after', () => {
    expect([told.unwatched, told.beforeAny]).to.deep.equal([null, null])
    expect(told.withOneLeft).to.not.equal(null)
    expect(told.afterAll).to.equal(null)
  })

  it('are told of with what lived after them, which is near what V8 says right then', () => {
    expect(told.afterOne?.heapBytes).to.be.closeTo(told.usedBytes, 600 * 1024)
    expect(told.afterOne?.sinceMs).to.be.within(0, 2000)
  })

  it('are told of again and again, however much was allocated since, with how long ago that was', () => {
    expect(told.later?.heapBytes).to.equal(told.afterOne?.heapBytes)
    expect(told.later?.sinceMs).to.be.at.least(50)
    expect(told.usedLater - (told.later?.heapBytes ?? NaN)).to.be.above(1_500_000)
  })

  it('are those of the thread that asks', () => {
    const { told: inWorker, usedBytes } = told.ofWorker ?? { told: null, usedBytes: NaN }
    expect(inWorker?.heapBytes).to.be.closeTo(usedBytes, 600 * 1024)
    expect(usedBytes).to.be.above(1.3 * told.usedBytes)
  })
})
