import { expect } from 'chai'
import { joinRows, placeOn, scaleOf, scaleTo } from '../../../helpers/internals/http-page-model.js'
import { cacheViews, reportOf } from '../fixtures/fake-data.js'

const MIB = 1024 * 1024

describe('the axis of the bars', () => {
  it('ends at a round figure that holds all of it, in five steps at most', () => {
    for (const bytes of [0, 1, 5, 1023, 1025, 48.7 * MIB, 51 * MIB, 500 * MIB, 3000 * MIB, 7e12, 9e15]) {
      const { maxBytes, ticks } = scaleTo(bytes)
      expect(maxBytes, String(bytes)).to.be.at.least(bytes)
      expect(ticks[0]).to.equal(0)
      expect(ticks.at(-1)).to.equal(maxBytes)
      if (bytes < 2.7e15) expect(ticks.length, String(bytes)).to.be.at.most(6)
    }
  })

  it('counts in one unit', () => {
    const { ticks, unit } = scaleTo(48.7 * MIB)
    expect(unit.name).to.equal('MiB')
    expect(ticks.map((bytes) => bytes / unit.bytes)).to.deep.equal([0, 10, 20, 30, 40, 50])
  })

  it('holds measured figures, whiskers and claims', () => {
    const rows = joinRows(cacheViews(), reportOf({ id: 'a' }), null)
    expect(scaleOf(rows).maxBytes).to.equal(50 * MIB)
    const [first] = rows
    expect(scaleOf(first === undefined ? [] : [{ ...first, claimedThenBytes: 400 * MIB }]).maxBytes).to.equal(400 * MIB)
  })

  it('is not blown up by an error far larger than its figure', () => {
    const [first] = joinRows(cacheViews(), reportOf({ id: 'a' }), null)
    const noisy =
      first === undefined ? [] : [{ ...first, bytes: MIB, uncertaintyBytes: 900 * MIB, claimedThenBytes: 0 }]
    expect(scaleOf(noisy).maxBytes).to.be.within(2 * MIB, 3 * MIB)
  })

  it('places within its ends', () => {
    const scale = scaleTo(100)
    expect([placeOn(scale, -5), placeOn(scale, 50), placeOn(scale, 1e9)]).to.deep.equal([0, 0.5, 1])
  })
})
