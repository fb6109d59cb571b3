import { expect } from 'chai'
import type { Discovery, Owner } from '../../src/report/discovery/types.js'
import { headline } from '../../src/report/headline.js'
import type { Trend } from '../../src/report/trends/types.js'
import { report, row, sample } from './reports.js'

const MIB = 1024 * 1024

function owner(path: string, totalBytes: number, rest: Partial<Owner> = {}): Owner {
  const bytes = { heapBytes: totalBytes, memoryBytes: 0, totalBytes }
  return {
    path,
    script: 'file:///app/server.js',
    package: null,
    kind: 'collection',
    className: 'Map',
    entries: 1000,
    instances: 1,
    released: null,
    uncertaintyBytes: null,
    returned: null,
    disagreement: null,
    own: bytes,
    retained: bytes,
    partOf: null,
    cache: null,
    ...rest,
  }
}

function discovery(owners: readonly Owner[], totalBytes = 300 * MIB): Discovery {
  return {
    owners,
    live: { totalBytes, ownedBytes: totalBytes, restBytes: 0 },
    others: { count: 0, totalBytes: 0 },
    noise: { allocatedBytes: 0, heapBytes: 0, mappedBytes: null },
    durationMs: { walking: 1, measuring: 1 },
    warnings: [],
  }
}

function trend(verdict: Trend['verdict'], bytesPerHour: number): Trend {
  return {
    verdict,
    evidence: 'seen',
    slope: { bytesPerHour, lowBytesPerHour: bytesPerHour / 2, highBytesPerHour: 2 * bytesPerHour },
    line: null,
    significance: 0.001,
    lastBytes: 1,
    readings: 30,
    lifetimes: 1,
    spanHours: 5,
    basis: 'measured',
  }
}

describe('headline()', () => {
  it('names the cache that holds most, its share of live memory, and a claim that is far off', () => {
    const [first] = headline(report([row('small', 20 * MIB), row('big', 120 * MIB, { claimedBytes: 2 * MIB })]))
    expect(first).to.equal(
      'The cache "big" holds most: 120.0 MiB ± 8.00 KiB, 48.4 % of live memory, 60.0 × the 2.00 MiB that it claims.',
    )
  })

  it('says nothing of a claim that is about right', () => {
    expect(headline(report([row('big', 120 * MIB, { claimedBytes: 100 * MIB })]))[0]).not.to.contain('claims')
  })

  it('names the owner that nobody registered where that holds more, and says to bound it', () => {
    const found = discovery([owner('byId', 200 * MIB), owner('inner', 190 * MIB, { partOf: 0 })])
    const lines = headline(report([row('small', 20 * MIB)], { discovery: found }))
    expect(lines[0]).to.equal('server.js › byId: Map(1,000) holds most: 200.0 MiB, 66.7 % of what the heap reaches.')
    expect(lines.at(-1)).to.match(/^Bound it, or register it/)
  })

  it('gives the advice that fits whose code holds it', () => {
    const of = (from: string | null): string[] =>
      headline(report([], { discovery: discovery([owner('table', 200 * MIB, { package: from })]) }))
    expect(of('pg').at(-1)).to.match(/^It is held by the package pg/)
    expect(of('node').join(' ')).not.to.match(/[Bb]ound|register/)
  })

  it('passes over an owner that is a registered cache', () => {
    const found = discovery([owner('byId', 200 * MIB, { cache: 'users' })])
    expect(headline(report([row('users', 190 * MIB)], { discovery: found }))[0]).to.match(/^The cache "users"/)
  })

  it('takes no row within the noise, negative or skipped for a finding', () => {
    const rows = [
      row('noise', 4000),
      row('negative', -50 * MIB),
      row('skipped', null, { status: 'skipped', significant: false }),
    ]
    const lines = headline(report(rows))
    expect(lines[0]).to.equal('None of 2 measured caches holds more than the noise, of 248.0 MiB of live memory.')
    expect(lines[1]).to.contain('discover()')
  })

  it('says that nothing is registered, and what to do', () => {
    const lines = headline(report([]))
    expect(lines[0]).to.match(/^No cache is registered: 248\.0 MiB/)
    expect(lines.at(-1)).to.contain('discover()')
  })

  it('tells growth by a history alone, with what grows fastest', () => {
    const quiet = headline(report([row('big', 200 * MIB)]))
    expect(quiet.join(' ')).not.to.match(/grows by/)
    expect(quiet.at(-1)).to.contain('several observations')
    const growing = report([row('big', 200 * MIB, { trend: trend('growing', MIB) })], {
      floor: {
        allocatedBytes: 1,
        heapBytes: 1,
        mappedBytes: null,
        trend: { ...trend('unbounded', 5 * MIB), allocated: null, heap: null, mapped: null },
      },
    })
    expect(headline(growing)[1]).to.equal('What no cache holds grows by 5.00 MiB/h.')
  })

  it('calls the allocator fragmented where a quarter of its pages are lost, and no sooner', () => {
    const with_ = (activeBytes: number): string[] =>
      headline(report([row('big', 120 * MIB)], { before: { ...sample(200 * MIB, 60 * MIB), activeBytes } }))
    expect(with_(300 * MIB)[1]).to.match(/^The allocator is fragmented: 100\.0 MiB \(33\.3 %\)/)
    expect(with_(230 * MIB).join(' ')).not.to.contain('fragmented')
  })

  it('is one to three sentences on one line each, whatever names hold', () => {
    for (const name of ['a\nb', '\u001b[31mred', '‮', 'x'.repeat(200)]) {
      const lines = headline(report([row(name, 120 * MIB)]))
      expect(lines.length).to.be.within(1, 3)
      // eslint-disable-next-line no-control-regex -- these must not be there
      for (const line of lines) expect(line).not.to.match(/[\n\u001b\u202e]/)
    }
  })
})
