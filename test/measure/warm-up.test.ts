import { WARM_UP_FILE } from '../helpers/internals/module-files.js'
import type { WarmUpModule } from '../helpers/internals/module-files.js'
import { expect } from 'chai'
import { createSampler } from '../helpers/internals/measure.js'
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
    const own = `${WARM_UP_FILE.href}?own`
    const { warmUp } = (await import(own)) as WarmUpModule
    const { signal } = new AbortController()
    await warmUp(instrument, 20, AbortSignal.abort())
    await warmUp(instrument, 20, signal)
    expect([turns, allocator.readings]).to.deep.equal([4, 4000])
    await warmUp(instrument, 20, signal)
    expect([turns, allocator.readings]).to.deep.equal([4, 4000])
  })
})
