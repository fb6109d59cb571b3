import { expect } from 'chai'
import { pinningWarnings, returnedOf } from '../helpers/internals/report.js'

const MIB = 1024 * 1024
const change = (mib: number) => ({ allocatedBytes: mib * MIB, heapBytes: 0, mappedBytes: 0 })

describe('returned', () => {
  it('is the fall of one twin, with an error bar from the controls', () => {
    expect(returnedOf({ falls: [10 * MIB], controls: [0, 4096, -4096] })).to.deep.equal({
      residentBytes: 10 * MIB,
      uncertaintyBytes: 256 * 1024,
    })
  })

  it('is the mean of several twins, and half of what they differ by is part of the error', () => {
    const returned = returnedOf({ falls: [0, 20 * MIB], controls: [0, 0] })
    expect(returned?.residentBytes).to.equal(10 * MIB)
    expect(returned?.uncertaintyBytes).to.be.closeTo(10 * MIB, 0.01 * MIB)
  })

  it('is unknown where a twin did not know, and has no error bar without controls', () => {
    expect(returnedOf({ falls: [MIB, null], controls: [0] })).to.equal(null)
    expect(returnedOf({ falls: [MIB], controls: [] })?.uncertaintyBytes).to.equal(null)
  })
})

describe('caches on the same pages', () => {
  const still = { name: 'still', changes: [change(30), change(30)], falls: [30 * MIB, 30 * MIB] }

  it('are named together where one returns what the other gains', () => {
    const warnings = pinningWarnings([
      { name: 'a', changes: [change(20), change(20)], falls: [0, 40 * MIB] },
      { name: 'b', changes: [change(20), change(20)], falls: [40 * MIB, 0] },
      still,
    ])
    expect(warnings.map(({ code, cache }) => [code, cache])).to.deep.equal([
      ['WARN_PINNED_PAGES', 'a'],
      ['WARN_PINNED_PAGES', 'b'],
    ])
    expect(warnings[0]?.message).to.contain('same pages as "b": of what it releases about 40.00 MiB')
  })

  it('are not named where they hold the same values: then both figures move', () => {
    const shared = [
      { name: 'a', changes: [change(0), change(40)], falls: [0, 40 * MIB] },
      { name: 'b', changes: [change(40), change(0)], falls: [40 * MIB, 0] },
    ]
    expect(pinningWarnings(shared)).to.deep.equal([])
  })

  it('are not named by one order, by a row that moves alone, or where a twin did not know', () => {
    const alone = { name: 'a', changes: [change(20), change(20)], falls: [0, 20 * MIB] }
    const unknown = { name: 'b', changes: [change(20), change(20)], falls: [20 * MIB, null] }
    expect(pinningWarnings([alone, still])).to.deep.equal([])
    expect(pinningWarnings([alone, unknown])).to.deep.equal([])
    expect(pinningWarnings([{ ...alone, changes: [change(20)], falls: [0] }])).to.deep.equal([])
  })
})
