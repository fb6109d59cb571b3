import { expect } from 'chai'
import type { Trend, Trends } from '../../../../src/history/index.js'
import {
  chartDataOf,
  bandOf,
  floorWords,
  forecastWords,
  growthRows,
  isRateless,
  ratelessWords,
  reasonWords,
} from '../../../helpers/internals/http-page-model.js'
import { trends } from '../fixtures/fake-data.js'

type Forecast = NonNullable<Trends['forecast']>

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024
const NOW = Date.UTC(2026, 0, 5)

function after(hours: number): string {
  return new Date(NOW + hours * HOUR_MS).toISOString()
}

function trend(parts: Partial<Trend> = {}): Trend {
  return {
    verdict: 'growing',
    evidence: '+1.00 MiB/h (+0.50 MiB/h to +2.00 MiB/h), p < 0.001, within 10.0 h',
    slope: { bytesPerHour: MIB, lowBytesPerHour: MIB / 2, highBytesPerHour: 2 * MIB },
    line: { from: after(-10), to: after(0), fromBytes: 10 * MIB, toBytes: 20 * MIB },
    significance: 0.0001,
    lastBytes: 20 * MIB,
    readings: 10,
    lifetimes: 1,
    spanHours: 10,
    basis: 'measured',
    ...parts,
  }
}

function forecast(parts: Partial<Forecast> = {}): Forecast {
  return {
    limitBytes: 512 * MIB,
    limitSource: 'cgroup',
    usedBytes: 400 * MIB,
    slope: { bytesPerHour: MIB, lowBytesPerHour: MIB / 2, highBytesPerHour: 2 * MIB },
    at: after(112),
    earliest: after(56),
    latest: after(224),
    ...parts,
  }
}

describe('isRateless() and ratelessWords()', () => {
  const unknown = trend({ verdict: 'unknown', slope: null, line: null, significance: null, readings: 4 })

  it('are of what has neither a rate nor an end of filling again', () => {
    expect(isRateless(unknown)).to.equal(true)
    expect(isRateless(trend())).to.equal(false)
    expect(isRateless(trend({ verdict: 'unknown' })), 'a slope that cannot be told from none').to.equal(false)
    expect(isRateless(trend({ verdict: 'stable', slope: null }))).to.equal(false)
  })

  it('say when a rate will be known', () => {
    expect(ratelessWords([])).to.equal('')
    expect(ratelessWords([unknown, { ...unknown, readings: 2 }])).to.equal(
      'No rate is known yet of 2 rows. It takes at least 6 readings; the most that any has is 4.',
    )
    expect(ratelessWords([{ ...unknown, readings: 9 }])).to.match(/^No rate is known yet of 1 row\. .*scatter too much/)
  })
})

describe('what grows, in words', () => {
  it('says when the limit is reached, with the interval', () => {
    expect(forecastWords(forecast(), NOW)).to.equal(
      'Limit reached in 4 d 16 h (2 d 8 h to 9 d 8 h): RSS 400.0 MiB of 512.0 MiB, +1.00 MiB/h.',
    )
  })

  it('says that it may never be', () => {
    expect(forecastWords(forecast({ latest: null }), NOW)).to.contain('(not before 2 d 8 h, perhaps never)')
    expect(forecastWords(forecast({ at: null, latest: null }), NOW)).to.match(/^At this rate .* hundred years/)
  })

  it('puts what grows first, then the largest', () => {
    const names = growthRows(trends()).map(({ name, isAccused }) => `${name}${isAccused ? ' !' : ''}`)
    expect(names.slice(0, 3)).to.deep.equal(['compressed !', 'files', 'sqlite pages'])
  })

  it('names the part of the floor that grows', () => {
    expect(floorWords(trends())).to.match(/^Something leaks, in the allocator’s part/)
  })

  it('does not repeat the rate in the reason', () => {
    expect(reasonWords(trend())).to.equal('it rises, and not by chance (p < 0.001)')
    expect(reasonWords(trend({ evidence: 'no growth that matters: +1 B/h', significance: 0.5 }))).to.equal(
      'no growth that matters (p = 0.500)',
    )
    expect(reasonWords(trend({ slope: null, significance: null, evidence: 'too few readings for a rate' }))).to.equal(
      'too few readings for a rate',
    )
  })
})

describe('the line of a trend', () => {
  it('runs through its ends, and its band is widest there', () => {
    const [start, middle, end] = bandOf(trend())
    expect([start?.bytes, middle?.bytes, end?.bytes]).to.deep.equal([10 * MIB, 15 * MIB, 20 * MIB])
    expect([middle?.lowBytes, middle?.highBytes]).to.deep.equal([15 * MIB, 15 * MIB])
    expect([end?.lowBytes, end?.highBytes]).to.deep.equal([17.5 * MIB, 25 * MIB])
    expect([start?.lowBytes, start?.highBytes]).to.deep.equal([5 * MIB, 12.5 * MIB])
  })

  it('shares the axis of the readings, and makes no gap in them', () => {
    const times = [NOW / 1000 - 3600, NOW / 1000]
    const data = chartDataOf(times, [{ values: [1, 2], color: '--ink', isFloor: true, trend: trend() }])
    expect(data.times).to.have.length(4)
    expect(data.lines[0]?.values).to.deep.equal([undefined, undefined, 1, 2])
    expect(data.lines.map(({ kind }) => kind)).to.deep.equal(['floor', 'edge', 'edge', 'trend'])
    expect(data.bands).to.deep.equal([[1, 2]])
  })

  it('is not drawn where a cache fills, or nothing is known', () => {
    for (const verdict of ['saturating', 'unknown'] as const) {
      const input = { values: [1], color: '--ink', isFloor: false, trend: trend({ verdict }) }
      expect(chartDataOf([NOW / 1000], [input]).lines, verdict).to.have.length(1)
    }
  })
})
