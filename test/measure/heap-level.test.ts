import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { HeapLevel } from './fixtures/heap-level.js'

const MIB = 1024 * 1024

describe('the level of the JavaScript heap', () => {
  let level: HeapLevel
  before(async () => {
    level = await runFixture('measure/fixtures/heap-level')
  })

  it('is told by V8 at the end of a major GC, once for each', () => {
    const [first, again, second] = level.atEnd
    expect(again).to.equal(null)
    for (const reported of [first, second]) expect(reported).to.be.closeTo(level.usedBytes, MIB)
  })

  it('is not moved by what V8 reserves of the old space before it can be read', () => {
    // The first collections still find garbage of the fixture.
    const settled = level.levels.slice(4)
    expect(Math.max(...settled) - Math.min(...settled), settled.join()).to.be.below(16 * 1024)
  })
})
