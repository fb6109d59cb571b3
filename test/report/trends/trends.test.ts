import { expect } from 'chai'
import {
  floorTrendLine,
  forecastLine,
  sparkline,
  trendCell,
  bucketed,
  estimateSlope,
  forecastOf,
} from '../../helpers/internals/report-trends.js'
import type { Segment, TrendInput } from '../../helpers/internals/report-trends.js'
import { atOnce } from '../../helpers/internals/support.js'
import { trendOf, trendsOf } from '../../../src/history/index.js'
import { normalOf, randomOf } from '../../coordinator/world.js'
import { LEVEL_BYTES, simulate } from './simulate.js'

const MIB = 1024 * 1024

/** One segment of so many readings, a step apart. */
function series(
  count: number,
  stepHours: number,
  size: (hours: number) => number,
  rest: Partial<Segment> = {},
): Segment {
  const hours = Array.from({ length: count }, (_, index) => index * stepHours)
  return { hours, bytes: hours.map(size), startHours: 0, isRefill: false, lifetime: 'a', ...rest }
}

function measured(...segments: Segment[]): TrendInput {
  return { measured: segments, estimated: [], claimed: [] }
}

describe('estimateSlope()', () => {
  it('is exact on a straight line', () => {
    const { slope } = atOnce(estimateSlope([series(50, 1, (hours) => 7e6 + 3000 * hours)]))
    expect(slope?.bytesPerHour).to.be.closeTo(3000, 1e-3)
  })

  it('is not moved by outliers', () => {
    const { slope } = atOnce(
      estimateSlope([series(60, 1, (hours) => 1e8 + 3000 * hours + (hours % 9 === 4 ? 5e7 : 0))], false),
    )
    expect(slope?.bytesPerHour).to.be.closeTo(3000, 60)
  })

  it('compares nothing across a restart', () => {
    const one = series(40, 1, (hours) => 1e8 + 1000 * hours)
    const two = {
      ...series(40, 1, (hours) => 3e8 + 1000 * hours),
      hours: one.hours.map((at) => at + 50),
      lifetime: 'b',
    }
    expect(atOnce(estimateSlope([one, two], false)).slope?.bytesPerHour).to.be.closeTo(1000, 1e-3)
  })

  it('takes off a wave of the day that would pass for growth', () => {
    const wave = (hours: number): number => 1e8 + 1e7 * Math.sin((2 * Math.PI * hours) / 24)
    const { slope, isWaveRemoved } = atOnce(estimateSlope([series(130, 0.5, wave)]))
    expect(isWaveRemoved).to.equal(true)
    expect(Math.abs(slope?.bytesPerHour ?? NaN)).to.be.below(100)
  })

  it('tells nothing of five readings', () => {
    expect(atOnce(estimateSlope([series(5, 1, (hours) => hours)]))).to.include({ slope: null, significance: null })
  })

  it('holds no zero where noise wanders, in nine of ten walks at least', () => {
    let held = 0
    for (let seed = 1; seed <= 100; seed++) {
      const normal = normalOf(randomOf(seed))
      let at = 1e8
      const { slope } = atOnce(estimateSlope([series(100, 0.05, () => (at += 1e5 * normal()))]))
      held += slope === null || (slope.lowBytesPerHour <= 0 && slope.highBytesPerHour >= 0) ? 1 : 0
    }
    expect(held).to.be.at.least(90)
  })

  it('is the same of buckets as of all readings', () => {
    const normal = normalOf(randomOf(5))
    const many = series(20_000, 0.01, (hours) => 1e8 + 5000 * hours + 1e5 * normal())
    const { slope } = atOnce(estimateSlope([many], false))
    expect(atOnce(bucketed([many], 288))[0]?.hours.length).to.be.within(280, 290)
    expect(slope?.bytesPerHour).to.be.closeTo(5000, 60)
  })
})

describe('trendOf()', () => {
  it('finds the leaks of simulated histories, and calls next to none of the quiet ones growing', () => {
    const counts = { alarms: 0, found: 0, held: 0, reported: 0 }
    for (let seed = 0; seed < 60; seed++) {
      for (const leakShare of [0, 0.01]) {
        const { verdict, slope } = trendOf(measured(...simulate({ seed, days: 3, leakShare })), 'floor')
        const isGrowing = verdict === 'growing' || verdict === 'unbounded'
        if (isGrowing) counts[leakShare === 0 ? 'alarms' : 'found']++
        const truth = (leakShare * LEVEL_BYTES) / 24
        if (slope === null) continue
        counts.reported++
        if (slope.lowBytesPerHour <= truth && truth <= slope.highBytesPerHour) counts.held++
      }
    }
    expect(counts.alarms).to.be.at.most(3)
    expect(counts.found).to.be.at.least(57)
    expect(counts.held / counts.reported).to.be.at.least(0.92)
  })

  it('calls a cache that fills up to its bound saturating', () => {
    const { verdict } = trendOf(measured(series(200, 0.01, (hours) => 50 * MIB * (1 - Math.exp(-4 * hours)))), 'cache')
    expect(verdict).to.equal('saturating')
  })

  it('calls one that has filled long ago stable', () => {
    const { verdict } = trendOf(measured(series(200, 1, (hours) => 50 * MIB * Math.min(1, hours / 8))), 'cache')
    expect(verdict).to.equal('stable')
  })

  it('calls growth that goes on as it began unbounded once it is much', () => {
    const normal = normalOf(randomOf(2))
    const { verdict } = trendOf(measured(series(200, 1, (hours) => 5 * MIB + MIB * hours + 1e5 * normal())), 'cache')
    expect(verdict).to.equal('unbounded')
  })

  it('does not take a morning for a leak', () => {
    const morning = (hours: number): number => 100 * MIB * (1 + 0.02 * hours)
    expect(trendOf(measured(series(72, 1 / 12, morning)), 'floor').verdict).to.equal('unknown')
  })

  it('takes a steep rise within minutes for what it is', () => {
    const normal = normalOf(randomOf(2))
    const steep = (hours: number): number => 50 * MIB + 225 * MIB * hours + 1e5 * normal()
    expect(trendOf(measured(series(40, 1 / 240, steep)), 'floor').verdict).to.be.oneOf(['growing', 'unbounded'])
  })

  it('does not know with four readings', () => {
    const { verdict, evidence } = trendOf(measured(series(4, 1, (hours) => hours)), 'cache')
    expect(verdict).to.equal('unknown')
    expect(evidence).to.match(/too few/)
  })

  it('goes by how a cache fills again where live releases empty it', () => {
    const refill = (size: (age: number) => number): Segment[] =>
      [0, 24, 48].map((startHours) => ({
        ...series(24, 1, (age) => size(age + 0.5)),
        hours: Array.from({ length: 24 }, (_, index) => startHours + index + 0.5),
        startHours,
        isRefill: true,
      }))
    const bounded = trendOf(measured(...refill((age) => 10 * MIB * (1 - Math.exp(-age / 2)))), 'cache')
    expect(bounded).to.include({ verdict: 'saturating', slope: null })
    expect(bounded.refill).to.include({ saturates: true, refills: 3 })
    expect(bounded.refill?.boundBytes).to.be.closeTo(10 * MIB, 0.1 * MIB)
    const climbing = trendOf(measured(...refill((age) => MIB * age)), 'cache')
    expect(climbing).to.include({ verdict: 'growing' })
    expect(climbing.refill).to.include({ saturates: false, boundBytes: null })
    expect(climbing.refill?.bytesPerHour).to.be.closeTo(MIB, 1)
  })
})

describe('trendOf() of a cache that is read only when a live release empties it', () => {
  const ends = (size: (index: number) => number): TrendInput =>
    measured(
      ...Array.from({ length: 40 }, (_, index) => ({
        hours: [index + 1],
        bytes: [size(index)],
        startHours: index,
        isRefill: true,
        lifetime: 'a',
      })),
    )

  it('is stable where it comes to the same each time', () => {
    const normal = normalOf(randomOf(4))
    const { verdict, refill } = trendOf(
      ends(() => 5 * MIB + 1000 * normal()),
      'cache',
    )
    expect(verdict).to.equal('stable')
    expect(refill).to.include({ saturates: null, refills: 40 })
  })

  it('grows where it comes to more and more', () => {
    const normal = normalOf(randomOf(4))
    const { verdict } = trendOf(
      ends((index) => 5 * MIB + index * MIB + 1000 * normal()),
      'cache',
    )
    expect(verdict).to.be.oneOf(['growing', 'unbounded'])
  })
})

describe('forecastOf()', () => {
  const slope = { bytesPerHour: 10, lowBytesPerHour: 5, highBytesPerHour: 20 }
  const memory = { usedBytes: 100, limitBytes: 200, limitSource: 'configured' } as const
  const now = new Date('2026-01-01T00:00:00Z')

  it('says when the limit is reached, and between which moments', () => {
    expect(forecastOf([slope], memory, now)).to.deep.include({
      at: '2026-01-01T10:00:00.000Z',
      earliest: '2026-01-01T05:00:00.000Z',
      latest: '2026-01-01T20:00:00.000Z',
    })
  })

  it('does not know the latest where the rate may be none', () => {
    expect(forecastOf([{ ...slope, lowBytesPerHour: -1 }], memory, now)).to.include({ latest: null })
  })

  it('is null without a limit or without growth', () => {
    expect(forecastOf([], memory, now)).to.equal(null)
    expect(forecastOf([slope], { ...memory, limitBytes: null }, now)).to.equal(null)
  })
})

describe('the text of trends', () => {
  it('names the part of the floor that grows, and the moment of the limit', () => {
    const normal = normalOf(randomOf(3))
    const grows = measured(series(200, 1, (hours) => 50 * MIB + MIB * hours + 1e5 * normal()))
    const flat = measured(series(200, 1, () => 20 * MIB + 1e4 * normal()))
    const memory = { usedBytes: 100 * MIB, limitBytes: 200 * MIB, limitSource: 'cgroup' } as const
    const { floor, forecast } = trendsOf({
      caches: [],
      floor: { total: grows, allocated: grows, heap: flat, mapped: flat },
      memory,
      now: new Date('2026-01-01T00:00:00Z'),
    })
    expect(floorTrendLine(floor)).to.match(/something leaks, in the allocator’s part .*\+1\.0\d MiB\/h/)
    expect(forecast === null ? '' : forecastLine(forecast)).to.match(/limit of 200\.0 MiB \(cgroup\) .*2026-01-05T/)
    expect(trendCell(floor)).to.match(/^unbounded \+1\.0/)
    expect(trendCell(undefined)).to.equal('–')
  })

  it('draws a size over time, with blanks where nothing was read', () => {
    const points = [0, 1, 2, 6, 7].map((hours) => ({ hours, bytes: hours }))
    expect(sparkline(points, 8)).to.equal('▁▂▃   ▇█')
    expect(sparkline([], 8)).to.equal('')
  })
})
