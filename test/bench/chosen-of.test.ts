import { expect } from 'chai'
import { chosenOf } from '../../bench/support/processes.js'

const NAMES = ['buffers', 'objects', 'bimodal by age'] as const

describe('chosenOf()', () => {
  const real = process.argv
  afterEach(() => {
    process.argv = real
  })
  const given = (...args: readonly string[]): void => {
    process.argv = ['node', 'bench.js', ...args]
  }

  it('is all names without the option, and those that are asked for in their own order with it', () => {
    given()
    expect(chosenOf('only', NAMES)).to.deep.equal(NAMES)
    given('--only', 'objects, buffers')
    expect(chosenOf('only', NAMES)).to.deep.equal(['buffers', 'objects'])
    given('--only=objects', '--only', 'buffers')
    expect(chosenOf('only', NAMES)).to.deep.equal(['buffers', 'objects'])
  })

  it('takes what a bench calls fitting', () => {
    given('--only', 'bimodal')
    expect(chosenOf('only', NAMES, (name, word) => name.startsWith(word))).to.deep.equal(['bimodal by age'])
    expect(() => chosenOf('only', NAMES)).to.throw('--only bimodal: choose of buffers, objects, bimodal by age')
  })

  it('refuses a name that is none, also beside others, and none at all', () => {
    for (const words of ['buffer', 'buffers,nothing', '', 'buffers,']) {
      given('--only', words)
      expect(() => chosenOf('only', NAMES), words).to.throw('choose of')
    }
    given('--only')
    expect(() => chosenOf('only', NAMES)).to.throw('choose of')
  })
})
