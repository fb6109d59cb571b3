import { expect } from 'chai'
import { emptyHolding } from '../../../helpers/internals/report-holdings.js'
import type { Holding } from '../../../helpers/internals/report-holdings.js'
import {
  growthFact,
  isLimitNear,
  largestFact,
  limitShare,
  pointsOf,
  withReading,
  fastestByReports,
  growthOfRow,
  growthOfRss,
  reportInText,
} from '../../../helpers/internals/http-page-model.js'
import type { PageReading } from '../../../helpers/internals/http-page-model.js'
import { summaryOf } from '../../../helpers/internals/http-admin.js'
import { report, row } from '../../../report/reports.js'
import { discoveryOf, ownerOf } from '../../../report/owners.js'

const MIB = 1024 * 1024
const MINUTE = 60_000
const none = { trends: null, reports: [], readings: [], caches: [] }

function cache(name: string, bytes = 10 * MIB): Holding {
  return emptyHolding(`cache:${name}`, 'cache', name, bytes)
}

/** Two runs ten minutes apart. */
function twoRuns(first: number, last: number): ReturnType<typeof summaryOf>[] {
  return [first, last].map((bytes, index) =>
    summaryOf(
      report([row('users', bytes)], {
        startedAt: new Date(index * 10 * MINUTE).toISOString(),
        discovery: discoveryOf([ownerOf('queue', bytes)]),
      }),
    ),
  )
}

/** A reading a minute of two rows. */
function minutes(bytes: readonly number[], basis = 'tree'): readonly PageReading[] {
  return bytes.reduce<readonly PageReading[]>((readings, each, index) => {
    const rows = [emptyHolding('free:x', 'free', 'x', each), cache('users', 5)]
    return withReading(readings, { rssBytes: each + 5, rows, isCut: false }, { timeMs: index * MINUTE, basis })
  }, [])
}

describe('growthOfRow()', () => {
  it('is the change between the runs of this process, beyond the ± of both', () => {
    const reports = twoRuns(10 * MIB, 13 * MIB)
    expect(growthOfRow(cache('users'), { ...none, reports })).to.include({
      words: '+3.00 MiB in 10 min',
      isGrowing: true,
    })
    const owner = ownerOf('queue', 13 * MIB)
    const holding = { ...emptyHolding('owner:x', 'owner', 'queue', 1), owner }
    expect(growthOfRow(holding, { ...none, reports })?.words).to.equal('+3.00 MiB in 10 min')
    const within = twoRuns(10 * MIB, 10 * MIB + 100_000)
    expect(growthOfRow(cache('users'), { ...none, reports: within })).to.include({ words: 'steady', isGrowing: false })
    const shrinking = twoRuns(10 * MIB, 2 * MIB)
    expect(growthOfRow(cache('users'), { ...none, reports: shrinking })).to.include({
      words: '−8.00 MiB in 10 min',
      isGrowing: false,
    })
  })

  it('is not known of what was seen once, nor of a cache by what the page reads', () => {
    const [reports] = [twoRuns(MIB, 2 * MIB).slice(0, 1)]
    expect(growthOfRow(cache('users'), { ...none, reports })).to.equal(null)
    expect(growthOfRow(cache('users'), { ...none, readings: minutes([1, 90 * MIB]) })).to.equal(null)
    expect(growthOfRow(emptyHolding('free:x', 'free', 'x', 1), { ...none, readings: minutes([MIB]) })).to.equal(null)
  })

  it('is of a cache what its entries say now, on the server’s clock, after one run', () => {
    const reports = twoRuns(10 * MIB, 10 * MIB).slice(0, 1)
    const now = { name: 'users', estimatedBytes: 15 * MIB, estimatedUncertaintyBytes: MIB, calibrationAgeMs: 20_000 }
    const change = (parts: Partial<typeof now>): string | undefined =>
      growthOfRow(cache('users'), { ...none, reports, caches: [{ ...now, ...parts }] })?.words
    expect(change({})).to.equal('+5.00 MiB in 20 s')
    const sources = { ...none, reports, caches: [now] }
    expect(growthOfRow(cache('users'), sources)?.source).to.equal('by its entries since the run')
    const twice = { ...sources, reports: twoRuns(10 * MIB, 10 * MIB) }
    expect(growthOfRow(cache('users'), twice)?.source).to.equal('by its entries since the first run')
    expect(change({ estimatedUncertaintyBytes: 6 * MIB }), 'within its error').to.equal('steady')
    expect(change({ calibrationAgeMs: 2000 }), 'too early').to.equal(undefined)
    expect(change({ name: 'others' })).to.equal(undefined)
    const unknown = { ...now, estimatedUncertaintyBytes: null }
    expect(growthOfRow(cache('users'), { ...none, reports, caches: [unknown] })).to.equal(null)
  })

  it('compares readings of one basis only, and thins them out', () => {
    const before = minutes([MIB, 2 * MIB], 'tree before')
    const readings = [...before, ...minutes([9 * MIB]).map((reading) => ({ ...reading, timeMs: 3 * MINUTE }))]
    expect(growthOfRow(emptyHolding('free:x', 'free', 'x', 1), { ...none, readings })).to.equal(null)
    expect(pointsOf(before, 'free:x')).to.have.length(2)
    const many = minutes(Array.from({ length: 1000 }, (_, index) => index * MIB))
    expect(many.length).to.be.within(50, 121)
    expect(many.at(-1)?.timeMs).to.equal(999 * MINUTE)
    expect(growthOfRss(many)?.words).to.match(/^\+9\d\d.* MiB in 16 h/)
  })
})

describe('the facts of the top', () => {
  const table = { rssBytes: 100 * MIB, rows: [cache('users', 40 * MIB)], isCut: false }

  it('say what grows by the runs, else by RSS, else nothing', () => {
    const sources = { ...none, reports: twoRuns(10 * MIB, 13 * MIB) }
    expect(growthFact(table, sources, 0)).to.include({
      figure: 'users +3.00 MiB in 10 min',
      note: 'by the runs of this process',
    })
    expect(fastestByReports(table.rows, none)).to.equal(null)
    expect(growthFact(table, { ...none, readings: minutes([MIB, 9 * MIB]) }, 0).figure).to.equal(
      'RSS +8.00 MiB in 1 min',
    )
    expect(growthFact(null, none, 0)).to.include({
      figure: 'not known yet',
      note: 'RSS growth is known in about 10 s; each holder’s growth is known after two runs of “Find out”',
    })
    const falling = growthFact(table, { ...none, readings: minutes([9 * MIB, MIB]) }, 0)
    expect(falling).to.include({
      figure: 'nothing so far',
      note: 'RSS −8.00 MiB in 1 min, by this page since it was opened',
    })
    const once = { ...none, reports: twoRuns(MIB, MIB).slice(0, 1), readings: minutes([MIB, 9 * MIB]) }
    expect(growthFact(table, once, 0).note).to.match(
      /; each holder’s growth is known after a second run of “Find out”$/,
    )
    const steady = { ...once, reports: twoRuns(9 * MIB, 9 * MIB) }
    expect(growthFact(table, steady, 0).note).to.match(/; no holder that two runs measured grew by more than its ±$/)
  })

  it('name the largest that somebody can act on', () => {
    const engine = emptyHolding('engine:x', 'engine', 'x', 60 * MIB)
    expect(largestFact({ ...table, rows: [engine, ...table.rows] })).to.include({
      figure: '40.00 MiB',
      note: 'users, 40.0 % of RSS',
    })
    expect(largestFact({ ...table, rows: [engine] }).figure).to.equal('not known yet')
    expect(largestFact(null).figure).to.equal('not known yet')
    expect(largestFact(null, false).note).to.equal('')
  })

  it('take a limit that is unknown for none', () => {
    expect(limitShare(50, null)).to.equal(null)
    expect(limitShare(50, 0)).to.equal(null)
    expect(limitShare(500, 100)).to.equal(1)
    expect([isLimitNear(84, 100), isLimitNear(86, 100), isLimitNear(86, null)]).to.deep.equal([false, true, false])
  })
})

describe('reportInText()', () => {
  it('is the report of a file, also where its headline stands beside it', () => {
    const saved = report([row('users', MIB)])
    expect(reportInText(JSON.stringify(saved))).to.deep.equal(saved)
    expect(reportInText(JSON.stringify({ headline: [], report: saved }))).to.deep.equal(saved)
  })

  it('says what is wrong with anything else', () => {
    for (const text of ['', '{', 'null', '7', '[]', '{}', '{"report":null}', '{"caches":[]}', '"x"']) {
      expect(reportInText(text), text)
        .to.be.a('string')
        .and.to.match(/^The file contains/)
    }
    const broken = { ...report([]), before: null }
    expect(reportInText(JSON.stringify(broken))).to.match(/not a report: before is not an object/)
  })
})
