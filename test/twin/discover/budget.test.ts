import { expect } from 'chai'
import { discover } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import type { Budgets } from './fixtures/budget.js'

const OWNERS = 14
const ENTRIES = 1000

describe('discover() within a budget', function () {
  this.timeout(180_000)
  let seen: Budgets
  before(async () => {
    seen = await runFixture<Budgets>('twin/discover/fixtures/budget', { timeoutMs: 170_000 })
  })

  it('that is too short for a walk ends without owners, and says so', () => {
    expect(seen.tooShort.code).to.equal('ERR_BUDGET_DURATION')
    expect(seen.tooShort.message).to.match(/budget\.durationMs of 1 ms ended before the heap was walked/)
    // No attempt was made to measure: that takes longer than all that comes before it.
    expect(seen.tooShort.elapsedMs).to.be.below(seen.ample.elapsedMs)
  })

  it('of 300 ms gives what is known by then', () => {
    const { code, discovery, elapsedMs } = seen.short
    expect(elapsedMs).to.be.below(30_000)
    if (discovery === null) {
      expect(code).to.equal('ERR_BUDGET_DURATION')
      return
    }
    expect(discovery.owners.length).to.be.at.least(OWNERS)
    const left = discovery.owners.filter(({ released, kind }) => released === null && kind === 'collection')
    const codes = discovery.warnings.map((warning) => warning.code)
    if (left.length > 0) expect(codes).to.include('WARN_BUDGET_ENDED')
  })

  it('that is ample changes nothing', () => {
    const { code, discovery } = seen.ample
    expect(code).to.equal(null)
    const ours = discovery?.owners.filter(({ entries }) => entries === ENTRIES) ?? []
    expect(ours.reduce((count, { instances }) => count + instances, 0)).to.equal(OWNERS)
    expect(ours.every(({ released }) => released !== null)).to.equal(true)
    expect(discovery?.warnings.map((warning) => warning.code)).to.not.include('WARN_BUDGET_ENDED')
  })

  it('gives the figures of the graph where the time is over after the walk', () => {
    const { owners, live, warnings } = seen.over
    expect(owners.length).to.be.at.least(OWNERS)
    expect(live?.totalBytes).to.be.above(5e6)
    expect(owners.every(({ released }) => released === null)).to.equal(true)
    const [ended] = warnings.filter((warning) => warning.code === 'WARN_BUDGET_ENDED')
    expect(ended?.message).to.match(/^no time of the budget was left to empty \d+ owners, /)
  })

  it('keeps what was measured before the time was over', () => {
    const { owners, warnings } = seen.halfway
    const measured = owners.filter(({ released }) => released !== null)
    const [ended] = warnings.filter((warning) => warning.code === 'WARN_BUDGET_ENDED')
    const left = Number(/empty (\d+) owner/.exec(ended?.message ?? '')?.[1])
    expect(measured.length).to.be.above(0)
    expect(left).to.be.above(0)
    expect(measured.length + left).to.be.at.most(owners.length)
  })

  it('of memory refuses by the estimate before anything is done', () => {
    expect(seen.littleMemory).to.include({ code: 'ERR_BUDGET_MEMORY', twins: 0 })
    expect(seen.muchMemory.code).to.equal(null)
  })

  it('of a pause refuses by what the last twin took', () => {
    expect(seen.expectedBefore.pauseMs).to.equal(null)
    expect(seen.expectedAfter.pauseMs).to.be.above(1)
    expect(seen.pause).to.include({ code: 'ERR_BUDGET_PAUSE', twins: 0 })
  })

  it('is not taken for the end of a call that its caller aborted', () => {
    expect(seen.aborted.code).to.equal('ERR_RUN_ABORTED')
  })

  it('of a run is that of its discovery', () => {
    expect(seen.run.discovery).to.equal(undefined)
    expect(seen.run.warnings.join()).to.include('owners could not be found: ERR_BUDGET_DURATION')
  })

  it('leaves the process as it was', () => {
    expect(seen.sizes).to.deep.equal(Array.from({ length: OWNERS }, () => ENTRIES))
  })
})

describe('the budget of discover()', () => {
  const BAD: readonly [unknown, string][] = [
    [null, 'ERR_OPTION_TYPE'],
    [5, 'ERR_OPTION_TYPE'],
    [[], 'ERR_OPTION_TYPE'],
    [{ durationMs: '5' }, 'ERR_OPTION_TYPE'],
    [{ durationMs: -1 }, 'ERR_OPTION_RANGE'],
    [{ durationMs: 0 }, 'ERR_OPTION_RANGE'],
    [{ durationMs: NaN }, 'ERR_OPTION_RANGE'],
    [{ durationMs: Infinity }, 'ERR_OPTION_RANGE'],
    [{ durationMs: 1e300 }, 'ERR_OPTION_RANGE'],
    [{ memoryBytes: 0 }, 'ERR_OPTION_RANGE'],
    [{ memoryBytes: NaN }, 'ERR_OPTION_RANGE'],
    [{ memoryBytes: 1e300 }, 'ERR_OPTION_RANGE'],
    [{ memoryBytes: 5n }, 'ERR_OPTION_TYPE'],
    [{ pauseMs: -5 }, 'ERR_OPTION_RANGE'],
    [{ pauseMs: {} }, 'ERR_OPTION_TYPE'],
    [{ duration: 5 }, 'ERR_OPTION_UNKNOWN'],
  ]

  it('is refused where it is none', async () => {
    for (const [budget, code] of BAD) {
      const error = await discover({ budget: budget as never }).catch((failure: unknown) => failure)
      expect(error, String(budget)).to.include({ code })
    }
  })
})
