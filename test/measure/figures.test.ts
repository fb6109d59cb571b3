import { expect } from 'chai'
import { NO_CHANGE, UNREAD, byQuantity, difference, knownSum, leastOf, plus } from '../helpers/internals/measure.js'

const all = { allocatedBytes: 100, heapBytes: 20, mappedBytes: 3 }
const some = { allocatedBytes: null, heapBytes: 5, mappedBytes: null }

describe('arithmetic on figures', () => {
  it('goes quantity by quantity', () => {
    expect(difference(all, { allocatedBytes: 1, heapBytes: 30, mappedBytes: 1 })).to.deep.equal({
      allocatedBytes: 99,
      heapBytes: -10,
      mappedBytes: 2,
    })
    expect(plus(all, all)).to.deep.equal({ allocatedBytes: 200, heapBytes: 40, mappedBytes: 6 })
    expect(leastOf(all, { allocatedBytes: 1, heapBytes: 30, mappedBytes: 4 })).to.deep.equal({
      allocatedBytes: 1,
      heapBytes: 20,
      mappedBytes: 3,
    })
    expect(plus(all, NO_CHANGE)).to.deep.equal(all)
  })

  it('keeps unknown what is unknown on one side', () => {
    for (const unknown of [difference(all, some), difference(some, all), plus(all, some), leastOf(some, all)]) {
      expect(unknown).to.include({ allocatedBytes: null, mappedBytes: null })
      expect(unknown.heapBytes).to.not.equal(null)
    }
  })

  it('adds up what is known', () => {
    expect(knownSum(all)).to.equal(123)
    expect(knownSum(some)).to.equal(5)
    expect(knownSum(UNREAD)).to.equal(0)
  })

  it('makes a value for each quantity', () => {
    expect(byQuantity((quantity) => all[quantity])).to.deep.equal(all)
  })
})
