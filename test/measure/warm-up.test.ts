import { expect } from 'chai'
import { createSampler } from '../../src/measure/sample.js'
import { fakeAllocator, fakeEnvironment } from './fakes.js'

describe('warmUp()', () => {
  it('looks in slices between turns of the loop, also by a clock that stands, and once in a process', async () => {
    const environment = fakeEnvironment()
    let turns = 0
    environment.yieldToLoop = async () => {
      turns++
    }
    const allocator = fakeAllocator(() => ({ rawAllocated: 1 }))
    const instrument = {
      environment,
      sampler: createSampler(allocator, environment),
      collector: null,
      threads: null,
    }
    // A module of its own: another test of this process may have warmed up before.
    const own = new URL('../../src/measure/warm-up.js?own', import.meta.url).href
    const { warmUp } = (await import(own)) as typeof import('../../src/measure/warm-up.js')
    const { signal } = new AbortController()
    await warmUp(instrument, 20, AbortSignal.abort())
    await warmUp(instrument, 20, signal)
    expect([turns, allocator.readings]).to.deep.equal([4, 4000])
    await warmUp(instrument, 20, signal)
    expect([turns, allocator.readings]).to.deep.equal([4, 4000])
  })
})
