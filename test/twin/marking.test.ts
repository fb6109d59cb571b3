import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { MarkingResult } from './fixtures/marking.js'

describe('twins of a process whose heap V8 is marking', function () {
  this.timeout(60_000)
  let result: MarkingResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('twin/fixtures/marking', { preload: 'jemalloc', timeoutMs: 55_000 })
  })

  it('are asked for while it does', () => {
    expect(result.results).to.not.have.length(0)
  })

  it('all give a result, and the process lives', () => {
    expect(new Set(result.results)).to.deep.equal(new Set([300_000]))
  })

  it('know at once what V8 does', () => {
    const { atFirst, afterGc, whileMarking, afterAnother } = result.reported
    expect(atFirst).to.deep.equal({ isMarking: false, notices: 0, sinceMs: null })
    expect([afterGc.isMarking, whileMarking.isMarking, afterAnother.isMarking]).to.deep.equal([false, true, false])
    expect(afterGc.notices).to.equal(1)
    expect(afterGc.sinceMs).to.be.within(0, 1000)
    expect(whileMarking.notices).to.be.above(afterGc.notices)
    expect(afterAnother.notices).to.be.above(whileMarking.notices)
  })

  it('count what Node tells afterwards', () => {
    const [ofAddon, ofNode] = result.counts
    expect(ofAddon).to.equal(ofNode)
    expect(ofAddon).to.be.at.least(5)
  })

  it('need no major GC between two of the process', () => {
    expect(Math.min(...result.majorGcs)).to.equal(0)
  })

  it('end at once where V8 has begun anything at the very last', () => {
    expect(result.notQuiescent).to.equal(89)
  })
})
