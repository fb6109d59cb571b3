import { expect } from 'chai'
import { chooseKeys } from '../helpers/internals/adapters.js'
import { randomOf } from '../coordinator/world.js'

const keys = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('the keys that a trim drops', () => {
  it('are the first ones where the coldest are asked for', () => {
    expect(chooseKeys({ count: 100, fraction: 0.05, choice: 'coldest' }, keys(100))).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('are read no further than needed where the coldest are asked for', () => {
    let read = 0
    const counting = function* (): Generator {
      for (;;) yield read++
    }
    chooseKeys({ count: 100, fraction: 0.02, choice: 'coldest' }, counting())
    expect(read).to.be.at.most(3)
  })

  it('are spread over all of them at random, one of each stretch', () => {
    const chosen = chooseKeys({ count: 1000, fraction: 0.1, choice: 'random' }, keys(1000), randomOf(7)) as number[]
    expect(chosen).to.have.lengthOf(100)
    expect(chosen.map((key) => Math.floor(key / 10))).to.deep.equal(keys(100))
    expect(new Set(chosen.map((key) => key % 10)).size).to.be.greaterThan(5)
  })

  it('are one at least, and none of nothing', () => {
    expect(chooseKeys({ count: 10, fraction: 0.0001, choice: 'random' }, keys(10))).to.have.lengthOf(1)
    expect(chooseKeys({ count: 0, fraction: 0.5, choice: 'random' }, [])).to.deep.equal([])
    expect(chooseKeys({ count: 0, fraction: 0.5, choice: 'coldest' }, keys(5))).to.deep.equal([])
  })

  it('are all of them, each once, for the whole', () => {
    for (const choice of ['coldest', 'random'] as const) {
      expect(chooseKeys({ count: 37, fraction: 1, choice }, keys(37), () => 0.999_999)).to.deep.equal(keys(37))
    }
  })

  it('are never two of one place, whatever the generator gives', () => {
    for (const random of [() => 0, () => 1, randomOf(3)]) {
      const chosen = chooseKeys({ count: 97, fraction: 0.4, choice: 'random' }, keys(97), random)
      expect(new Set(chosen).size).to.equal(chosen.length)
    }
  })

  it('may be fewer than counted where a library does not list all of them', () => {
    expect(chooseKeys({ count: 100, fraction: 0.5, choice: 'random' }, keys(10), randomOf(1)).length).to.be.at.most(10)
  })
})
