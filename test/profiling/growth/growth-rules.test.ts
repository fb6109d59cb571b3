import { expect } from 'chai'
import { GrowthRules } from '../../helpers/internals/profiling-growth.js'
import type { GrowthRuleOptions } from '../../helpers/internals/profiling-growth.js'

const NONE: GrowthRuleOptions = {
  everyBytes: undefined,
  highWaterBytes: undefined,
  share: undefined,
  rate: undefined,
  rearmMs: 600_000,
}

/** Feeds readings of one a second; gives the seconds at which it fired. */
function firings(
  options: Partial<GrowthRuleOptions>,
  bytesAt: readonly number[],
  limit: number | null = null,
): string[] {
  const rules = new GrowthRules({ ...NONE, ...options })
  return bytesAt.flatMap((bytes, second) => {
    rules.note(second * 1000, bytes)
    const due = rules.due(second * 1000, bytes, limit)
    if (due === null) return []
    rules.fired(bytes)
    return [`${due.trigger} at ${second} from ${due.fromBytes}`]
  })
}

describe('the rule of a step', () => {
  it('fires each time the level is so far above that of the last firing', () => {
    expect(firings({ everyBytes: 10 }, [0, 9, 10, 15, 19, 20, 45])).to.deep.equal([
      'step at 2 from 0',
      'step at 5 from 10',
      'step at 6 from 20',
    ])
  })

  it('never fires at what comes and goes', () => {
    expect(
      firings(
        { everyBytes: 10 },
        Array.from({ length: 500 }, (_, second) => (second % 2) * 9),
      ),
    ).to.deep.equal([])
  })

  it('counts anew from the highest level of the time in which the old one was not reached', () => {
    const readings = [0, 100, ...new Array<number>(30).fill(5), 14, 15]
    expect(firings({ everyBytes: 10, rearmMs: 20_000 }, readings)).to.deep.equal([
      'step at 1 from 0',
      'step at 33 from 5',
    ])
    expect(firings({ everyBytes: 10, rearmMs: 60_000 }, readings)).to.deep.equal(['step at 1 from 0'])
  })
})

describe('the rule of the high-water mark', () => {
  it('never comes down', () => {
    const readings = [0, 100, ...new Array<number>(50).fill(5), 109, 110]
    expect(firings({ highWaterBytes: 10, rearmMs: 20_000 }, readings)).to.deep.equal([
      'high-water at 1 from 0',
      'high-water at 53 from 100',
    ])
  })
})

describe('the rule of a share', () => {
  it('fires once, and again after the level fell a tenth below', () => {
    const fired = firings({ share: 0.5 }, [0, 49, 50, 60, 46, 55, 44, 50], 100)
    expect(fired).to.deep.equal(['share at 2 from 50', 'share at 7 from 50'])
  })

  it('says nothing where there is no limit', () => {
    expect(firings({ share: 0.5 }, [0, 100])).to.deep.equal([])
  })
})

describe('the rule of a rate', () => {
  const rate = { bytesPerSecond: 10, windowMs: 60_000 }

  it('fires at a climb when a window has gone by', () => {
    const climb = Array.from({ length: 90 }, (_, second) => second * 12)
    expect(firings({ rate }, climb)).to.have.length(1)
    expect(firings({ rate }, climb)[0]).to.match(/^rate at 6\d from 0$|^rate at 6\d from \d+$/)
  })

  it('does not fire at a slower climb, nor at waves that are shorter than half of the window', () => {
    const slow = Array.from({ length: 200 }, (_, second) => second * 8)
    const waves = Array.from({ length: 400 }, (_, second) => (second % 12) * 1000)
    expect([...firings({ rate }, slow), ...firings({ rate }, waves)]).to.deep.equal([])
  })

  it('finds a climb below waves', () => {
    const readings = Array.from({ length: 200 }, (_, second) => second * 15 + (second % 12) * 1000)
    expect(firings({ rate }, readings)).to.not.be.empty
  })
})
