import { expect } from 'chai'
import { bytesAt, bytesOfAll, PART } from '../helpers/internals/report-breakdown.js'
import { runFixture } from '../helpers/child.js'
import type { Workers } from './fixtures/workers.js'

describe('worker threads in reports and breakdowns', () => {
  let found: Workers

  before(async () => {
    found = await runFixture<Workers>('breakdown/fixtures/workers', { timeoutMs: 90_000 })
  })

  it('have a row of their own where they were not asked, and are never free', () => {
    const { early, late } = found.usedBytes
    const others = bytesAt(found.tree, PART.v8, PART.notAsked)
    // With the workers' own free pages. The main thread's new space may have committed pages that it never touched, and these are taken for its own first.
    expect(others).to.be.within(0.75 * (early + late), 3 * (early + late))
    expect(bytesOfAll(found.tree, PART.outsideSpaces)).to.equal(0)
  })

  it('are in the report as each tells, and as unknown where Node does not let it', () => {
    const { workers = [] } = found.report
    // The one that started before the coordinator was not heard of.
    expect(workers).to.have.length(1)
    const [heap] = workers
    if (found.canReport) expect(heap?.usedBytes).to.be.closeTo(found.usedBytes.late, 0.2 * found.usedBytes.late)
    else expect(heap).to.include({ usedBytes: null, committedBytes: null })
    expect(found.text).to.match(/^workers +1 worker thread: /m)
  })

  it('are divided in the breakdown of a report as far as they told', () => {
    const tree = found.report.breakdown
    if (tree == null) throw new Error('the report has no breakdown')
    const { early, late } = found.usedBytes
    const name = `worker ${String(found.report.workers?.[0]?.threadId)}`
    if (found.canReport) expect(bytesAt(tree, PART.v8, name, PART.used)).to.be.closeTo(late, 0.2 * late)
    expect(bytesAt(tree, PART.v8, PART.notAsked)).to.be.greaterThan(0.6 * (found.canReport ? early : early + late))
  })

  it('are told of by discover(), which searches the heap of its own thread alone', () => {
    const [beside = [], afterEnd = []] = found.unsearched
    const reported = beside.filter((warning) => warning.startsWith('WARN_DISCOVER_THREADS'))
    expect(reported).to.have.length(1)
    expect(reported[0]).to.match(/not searched: what [12] worker thread/)
    expect(afterEnd.join('\n')).to.not.contain('WARN_DISCOVER_THREADS')
  })

  it('are gone when they have ended', () => {
    expect(found.afterEnd).to.equal(undefined)
  })

  it('are heard of by one listener, which is taken off by the last coordinator', () => {
    expect(found.listeners).to.deep.equal([0, 1, 0])
  })
})
