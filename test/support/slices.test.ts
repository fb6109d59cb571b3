import { expect } from 'chai'
import { atOnce, inSlices } from '../helpers/internals/support.js'
import type { Steps } from '../helpers/internals/support.js'

function* counting(steps: number, stepMs: number): Steps<number> {
  for (let step = 0; step < steps; step++) {
    const endMs = performance.now() + stepMs
    while (performance.now() < endMs);
    yield
  }
  return steps
}

function* failing(): Steps<number> {
  yield
  throw new Error('no')
}

describe('inSlices()', () => {
  it('gives what the steps give at once', async () => {
    expect(await inSlices(counting(10, 0))).to.equal(atOnce(counting(10, 0)))
  })

  it('lets the event loop turn between slices', async () => {
    let [turns, isDone] = [0, false]
    const turn = (): void => {
      turns++
      if (!isDone) setImmediate(turn)
    }
    setImmediate(turn)
    await inSlices(counting(40, 1))
    isDone = true
    expect(turns).to.be.at.least(8)
  })

  it('does nothing in the turn of its caller', async () => {
    let isBegun = false
    const steps = (function* (): Steps<number> {
      isBegun = true
      return yield* counting(1, 0)
    })()
    const result = inSlices(steps)
    expect(isBegun).to.equal(false)
    await result
  })

  it('rejects with what a step throws', async () => {
    const error = await inSlices(failing()).catch((reason: unknown) => reason)
    expect(error).to.have.property('message', 'no')
  })
})
