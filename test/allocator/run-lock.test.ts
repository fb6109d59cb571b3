import { expect } from 'chai'
import { loadFfiBinding } from '../helpers/internals/allocator.js'
import { runFixture } from '../helpers/child.js'
import type { RunLockResult } from './fixtures/run-lock.js'

describe('the run lock of the addon', () => {
  let result: RunLockResult
  before(async () => (result = await runFixture('allocator/fixtures/run-lock')))

  it('is taken once, even by the same thread', () => {
    expect([result.mainTakes, result.mainTakesAgain]).to.deep.equal([true, false])
  })

  it('is refused to a worker while the main thread has it', () => {
    expect(result.workerTakesFromMain).to.equal(false)
  })

  it('is not given back by a thread that does not hold it', () => {
    expect([result.workerReleasesMains, result.mainReleasesWorkers]).to.deep.equal([false, false])
  })

  it('goes to a worker when the main thread has given it back, and is refused to all others', () => {
    expect(result.workerTakesAfterMain).to.equal(true)
    expect([result.mainTakesFromWorker, result.secondWorkerTakes]).to.deep.equal([false, false])
  })

  it('is given back when the worker that holds it is terminated in the middle of its work', () => {
    expect(result.mainTakesAfterTermination).to.equal(true)
  })

  it('is given back when an idle worker that holds it ends', () => {
    expect(result.mainTakesAfterEnd).to.equal(true)
  })

  it('goes to one of ten workers that ask at the same time', () => {
    expect(result.takersOfTen).to.equal(1)
  })
})

describe('the run lock of the ffi binding', () => {
  it('is always given: there is none across threads', () => {
    const binding = loadFfiBinding()
    expect([binding.tryRunLock(), binding.tryRunLock()]).to.deep.equal([true, true])
  })
})
