import { expect } from 'chai'
import { isSteady, perCall, verdictOn } from '../helpers/internals/testing.js'

const CALLS = 10
const QUIET = [0, 200, -200, 100, -100, 0, 150, -150]

/** Reproducible noise. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Near enough to a normal distribution of standard deviation 1. */
function noise(random: () => number): number {
  return Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
}

describe('bytes of one call', () => {
  it('are the growth of the batches less that of the pauses', () => {
    const { bytes, uncertaintyBytes } = perCall({
      grown: QUIET.map((change) => 20_300 + change),
      controls: QUIET.map((change) => 300 + change),
      callsPerBatch: CALLS,
    })
    expect(bytes).to.be.closeTo(2000, 0.001)
    expect(uncertaintyBytes).to.be.within(10, 30)
  })

  it('are known no better than the readings that they come from', () => {
    const flat = Array.from({ length: 8 }, () => 0)
    expect(perCall({ grown: flat, controls: flat, callsPerBatch: CALLS }).uncertaintyBytes).to.equal(12.8)
  })

  it('have an interval that holds the truth in 95 of 100 rounds or more', () => {
    const random = generator(1)
    const rounds = 2000
    const held = Array.from({ length: rounds }, () => {
      const changes = (level: number): number[] => Array.from({ length: 8 }, () => level + 3000 * noise(random))
      const { bytes, uncertaintyBytes } = perCall({ grown: changes(5000), controls: changes(0), callsPerBatch: CALLS })
      return Math.abs(bytes - 500) <= uncertaintyBytes
    }).filter(Boolean).length
    expect(held / rounds).to.be.within(0.945, 0.995)
  })

  it('are not claimed where one batch alone grew', () => {
    const grown = [0, 0, 0, 120_000, 0, 0, 0, 0]
    const round = perCall({ grown, controls: QUIET, callsPerBatch: CALLS })
    expect(verdictOn(round, 100)).to.equal('undecided')
  })
})

describe('a verdict', () => {
  it('needs the whole interval on one side of the limit', () => {
    expect(verdictOn({ bytes: 500, uncertaintyBytes: 100 }, 1024)).to.equal('below')
    expect(verdictOn({ bytes: 1000, uncertaintyBytes: 100 }, 1024)).to.equal('undecided')
    expect(verdictOn({ bytes: 1124, uncertaintyBytes: 100 }, 1024)).to.equal('undecided')
    expect(verdictOn({ bytes: 1125, uncertaintyBytes: 100 }, 1024)).to.equal('above')
    expect(verdictOn({ bytes: -5000, uncertaintyBytes: 100 }, 0)).to.equal('below')
  })
})

describe('steady growth', () => {
  const steady = (grown: readonly number[]): boolean => isSteady({ grown, controls: [], callsPerBatch: CALLS })

  it('goes on in the second half as in the first', () => {
    expect(steady([20_000, 21_000, 19_500, 20_500, 20_100, 19_900, 20_300, 20_000])).to.equal(true)
    expect(steady([0, 300, -200, 0, 100, 0, -100, 0])).to.equal(true)
  })

  it('is not that of a table which is full in the middle', () => {
    expect(steady([22_000, 23_000, 22_500, 22_300, 400, -200, 1000, 0])).to.equal(false)
  })

  it('is not disproved by one batch in which something was compiled', () => {
    expect(steady([100, 124_000, 0, 200, 100, 0, -100, 150])).to.equal(true)
  })
})
