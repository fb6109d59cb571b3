import { expect } from 'chai'
import { loadFfiBinding } from '../helpers/internals/allocator.js'
import { runFixture, skipOrFail } from '../helpers/child.js'
import type { ThreadsResult } from './fixtures/threads-at-work.js'

describe('threadsAtWork() of the addon', () => {
  let result: ThreadsResult

  before(async function () {
    if (process.platform !== 'linux') skipOrFail(this, 'the kernel tells of threads on Linux only')
    result = await runFixture('allocator/fixtures/threads-at-work', { env: { UV_THREADPOOL_SIZE: '300' } })
  })

  it('does not count a worker that sleeps, nor the thread that asks', () => {
    expect(result.asleep).to.equal(0)
  })

  it('counts a worker that works, and gives its id, at every look', () => {
    expect(result.pollsThatSawTheWorker).to.equal(20)
  })

  it('is not misled by what a thread is called', () => {
    expect(result.oddNames.filter(([, seen]) => !seen)).to.deep.equal([])
    expect(result.oddNames).to.have.lengthOf.above(5)
  })

  it('looks at 300 threads, and counts those that work', () => {
    expect(result.threads).to.be.above(300)
    expect(result.asleepOfMany).to.equal(0)
    expect(result.atWorkOfMany).to.be.above(4)
  })

  it('counts more threads than the array has places, and writes no further than it reaches', () => {
    for (const id of result.firstFour) expect(id).to.be.above(0)
    expect(new Set(result.firstFour).size).to.equal(4)
    expect(result.behindFour).to.deep.equal([-7, -7, -7, -7])
  })

  it('counts without any place for ids', () => {
    expect(result.withoutPlaces).to.be.at.least(0)
  })

  it('refuses what is no Int32Array', () => {
    expect(result.refusals).to.deep.equal(new Array(7).fill('TypeError'))
  })
})

describe('threadsAtWork() of the ffi binding', () => {
  it('says that it cannot tell', () => {
    expect(loadFfiBinding().threadsAtWork(new Int32Array(4))).to.equal(-1)
  })
})
