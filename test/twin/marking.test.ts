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

  it('know at once whether V8 is between two major GCs', () => {
    expect(result.between).to.deep.equal({ atFirst: false, afterGc: true, whileMarking: false, afterAnother: true })
  })

  it('stand the process still once, where it is', () => {
    expect(result.pauses).to.deep.equal([1, 1])
  })

  it('end at once where V8 collected in the instant of the fork', () => {
    expect(result.unseenGc).to.equal(89)
  })

  it('are not held up by a collection that is over', () => {
    expect(result.ofGc).to.deep.equal(['collected', 'none'])
  })
})
