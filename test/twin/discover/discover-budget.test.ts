import { expect } from 'chai'
import { setTimeout as delay } from 'node:timers/promises'
import { CacheAttributionError } from '../../../src/index.js'
import {
  BudgetWatch,
  discoverBudget,
  UNMEASURED,
  knownBefore,
  TimeLeft,
} from '../../helpers/internals/twin-discover.js'
import { expectedPauseMs, notePause } from '../../helpers/internals/twin.js'

const MIB = 1024 * 1024

describe('BudgetWatch', () => {
  async function ended(budget: object, caller?: AbortSignal): Promise<BudgetWatch> {
    const watch = new BudgetWatch(discoverBudget(budget, 'budget'), caller)
    watch.watchMemory(process.pid)
    for (let poll = 0; poll < 200 && !watch.signal.aborted; poll++) await delay(10)
    watch.close()
    return watch
  }

  it('ends a twin that has more memory for itself', async () => {
    const watch = await ended({ memoryBytes: 1 * MIB })
    expect(watch.ended?.code).to.equal('ERR_BUDGET_MEMORY')
    expect(watch.warning?.message).to.match(
      /^the twin had .* for itself, and budget\.memoryBytes of 1\.00 MiB ended it: /,
    )
  })

  it('ends one after its time', async () => {
    expect((await ended({ durationMs: 5 })).ended?.code).to.equal('ERR_BUDGET_DURATION')
  })

  it('lets one go on that stays within both', async () => {
    const watch = new BudgetWatch(discoverBudget({ memoryBytes: 1e15, durationMs: 60_000 }, 'budget'), undefined)
    watch.watchMemory(process.pid)
    await delay(500)
    expect(watch.signal.aborted).to.equal(false)
    watch.close()
    expect(watch.ended).to.equal(null)
  })

  it('follows its caller, which is no end of a budget', async () => {
    const watch = await ended({ durationMs: 60_000 }, AbortSignal.abort())
    expect(watch.signal.aborted).to.equal(true)
    expect(watch.ended).to.equal(null)
  })
})

describe('knownBefore()', () => {
  const early = { owners: [], warnings: [UNMEASURED] } as never
  const code = 'ERR_BUDGET_DURATION'
  const end = {
    ended: new CacheAttributionError(code, 'over'),
    warning: { code: 'WARN_BUDGET_ENDED', message: 'over' },
  } as const
  const none = { ended: null, warning: null }
  const aborted = new CacheAttributionError('ERR_RUN_ABORTED', 'ended')

  it('is what the walk told, with the reason', () => {
    expect(knownBefore(aborted, early, end).warnings).to.deep.equal([end.warning])
    const crashed = new CacheAttributionError('ERR_TWIN_CRASHED', 'by SIGABRT')
    expect(knownBefore(crashed, early, none).warnings).to.deep.equal([UNMEASURED])
  })

  it('is an error where nothing is known, and where the caller gave up', () => {
    expect(() => knownBefore(aborted, undefined, end)).to.throw(code)
    expect(() => knownBefore(aborted, early, none)).to.throw('ERR_RUN_ABORTED')
    expect(() => knownBefore(new TypeError('other'), early, none)).to.throw('other')
  })
})

describe('TimeLeft', () => {
  it('lets steps begin that fit by the longest before, and none after one that did not', () => {
    let nowMs = 0
    const time = new TimeLeft({ now: () => nowMs }, 100)
    expect(time.suffices()).to.equal(true)
    time.timed(() => (nowMs += 40))
    expect(time.suffices()).to.equal(true)
    time.timed(() => (nowMs += 30))
    expect(time.suffices()).to.equal(false)
    nowMs = 0
    expect(time.suffices()).to.equal(false)
    expect(time.refused).to.equal(2)
  })
})

describe('expectedPauseMs()', () => {
  it('grows with the process, and is forgotten', () => {
    notePause(50, 100 * MIB, 0)
    expect(expectedPauseMs(100 * MIB, 1000)).to.equal(50)
    expect(expectedPauseMs(300 * MIB, 1000)).to.equal(150)
    expect(expectedPauseMs(50 * MIB, 1000)).to.equal(50)
    expect(expectedPauseMs(100 * MIB, 600_001)).to.equal(null)
  })
})
