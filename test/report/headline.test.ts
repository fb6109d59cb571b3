import { expect } from 'chai'
import type { Discovery, Owner } from '../../src/twin/index.js'
import { headline } from '../../src/index.js'
import type { ReportWarning } from '../../src/index.js'
import type { Trend } from '../../src/history/index.js'
import { report, row, sample } from './reports.js'
import { ownerOf as owner } from './owners.js'

const MIB = 1024 * 1024

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
      'Of 2 measured caches "big" holds most: 120.0 MiB ± 8.00 KiB, 48.4 % of live memory, 60.0 × the 2.00 MiB that it claims.',
    )
  })

  it('says nothing of a claim that is about right', () => {
    expect(headline(report([row('big', 120 * MIB, { claimedBytes: 100 * MIB })]))[0]).not.to.contain('claims')
  })

  it('names the owner that nobody registered where that holds more, and says to bound it', () => {
    const found = discovery([owner('byId', 200 * MIB), owner('inner', 190 * MIB, { partOf: 0 })])
    const lines = headline(report([row('small', 20 * MIB)], { discovery: found }))
    expect(lines[0]).to.equal(
      'server.js › byId: Map(1,000) holds most: 200.0 MiB, 66.7 % of the memory that the heap reaches.',
    )
    expect(lines.at(-1)).to.match(/^Bound it, or register it/)
  })

  it('gives the advice that fits whose code holds it', () => {
    const of = (from: string | null): string[] =>
      headline(report([], { discovery: discovery([owner('table', 200 * MIB, { package: from })]) }))
    expect(of('pg').at(-1)).to.match(/^It belongs to the package pg: .*whether it is a cache, or is loaded once/)
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
    expect(quiet.at(-1)).to.equal('Several observations show whether it grows: keep a history, or watch it.')
    const growing = report([row('big', 200 * MIB, { trend: trend('growing', MIB) })], {
      floor: {
        allocatedBytes: 1,
        heapBytes: 1,
        mappedBytes: null,
        trend: { ...trend('unbounded', 5 * MIB), allocated: null, heap: null, mapped: null },
      },
    })
    expect(headline(growing)[1]).to.equal('Memory in no cache grows by 5.00 MiB/h.')
  })

  it('does not call that the most which was not compared, or is not more beyond the ±', () => {
    const skipped = row('other', null, { status: 'skipped', significant: false })
    expect(headline(report([row('big', 120 * MIB), skipped]))[0]).to.match(/^The cache "big" holds 120\.0 MiB ±/)
    const alike = [row('a', 120 * MIB), row('b', 120 * MIB - 4096), row('c', 20 * MIB)]
    expect(headline(report(alike))[0]).to.equal(
      'Of 3 measured caches "a" holds 120.0 MiB ± 8.00 KiB, 48.4 % of live memory; 1 other holds as much within the ±.',
    )
    const failed = row('failed', 200 * MIB, { status: 'failed' })
    expect(headline(report([failed, row('big', 20 * MIB)]))[0]).to.match(/^The cache "big" holds 20\.00 MiB/)
  })

  it('does not count a group whose caches were all collected meanwhile', () => {
    const gone = row('gone', 0, { instances: 0, significant: false })
    expect(headline(report([row('big', 120 * MIB), gone]))[0]).to.match(/^The cache "big" holds 120\.0 MiB ±/)
  })

  it('finds as an owner the cache that was not measured', () => {
    const found = discovery([owner('byId', 200 * MIB, { cache: 'users' })])
    const skipped = row('users', null, { status: 'skipped', significant: false })
    const lines = headline(report([row('big', 20 * MIB), skipped], { discovery: found }))
    expect(lines[0]).to.match(/^server\.js › byId: Map\(1,000\) \(the cache "users"\) holds most: 200\.0 MiB/)
    expect(lines.at(-1)).to.equal('Bound it by size or by age.')
  })

  it('gives the measured bytes of an owner, and those of the graph only where they differ by more than the ±', () => {
    const released = { allocatedBytes: 0, heapBytes: 150 * MIB, mappedBytes: null, totalBytes: 150 * MIB }
    const of = (rest: Partial<Owner>): string | undefined =>
      headline(report([], { discovery: discovery([owner('byId', 200 * MIB, { released, ...rest })]) }))[0]
    expect(of({ uncertaintyBytes: MIB })).to.equal(
      'server.js › byId: Map(1,000) holds most: 150.0 MiB ± 1.00 MiB measured (200.0 MiB by the graph of the heap), ' +
        '66.7 % of the memory that the heap reaches.',
    )
    expect(of({ uncertaintyBytes: 60 * MIB })).to.contain('holds most: 150.0 MiB ± 60.00 MiB, 66.7 %')
    expect(of({ uncertaintyBytes: null })).to.contain('holds most: 200.0 MiB, 66.7 %')
  })

  it('does not tell noise from findings without controls', () => {
    const lines = headline(report([row('big', 120 * MIB, { uncertaintyBytes: null, significant: false })]))
    expect(lines.join(' ')).not.to.match(/noise|holds/)
  })

  it('tells native memory without a JavaScript owner where nothing holds as much', () => {
    const native = (
      mib: number,
      rows: Parameters<typeof report>[0],
      warnings: readonly ReportWarning[] = [],
    ): string | undefined => {
      const live = { ...discovery([]).live, totalBytes: 300 * MIB, ownedBytes: 0, restBytes: 300 * MIB }
      const walked = { heapBytes: 300 * MIB, memoryBytes: 0, usedHeapBytes: 300 * MIB, allocatedBytes: mib * MIB }
      return headline(report(rows, { discovery: { ...discovery([]), warnings, live: { ...live, ...walked } } })).at(-1)
    }
    expect(native(44, [])).to.equal(
      '44.00 MiB of native memory have no JavaScript owner: a heap profile shows the code that allocated them (cache-attribution run --profile).',
    )
    const others = [{ code: 'WARN_DISCOVER_THREADS', message: 'not searched' }] as const
    expect(native(44, [], others)).to.match(/^44\.00 MiB of native memory have no owner in this thread's heap: /)
    expect(native(4, [])).not.to.contain('native')
    expect(native(44, [row('big', 120 * MIB)])).not.to.contain('native')
  })

  it('does not say of a heap that was not walked that nothing stands out in it', () => {
    const unknown = { ...discovery([]), live: null }
    // As older versions had them.
    const older = { ...unknown, owners: [{ name: 'byId', bytes: 1 }] } as unknown as Discovery
    expect(headline(report([], { discovery: older }))[0]).to.match(/^No cache is registered/)
    expect(headline(report([], { discovery: unknown }))[0]).to.match(/^No cache is registered/)
    expect(headline(report([], { discovery: discovery([]) }))[0]).to.equal(
      'No owner stands out in the 300.0 MiB that the heap reaches.',
    )
  })

  it('speaks of the heap alone where the allocator tells nothing', () => {
    const released = { allocatedBytes: null, heapBytes: 20 * MIB, mappedBytes: null, totalBytes: null }
    const lines = headline(
      report([row('big', null, { released, significant: true, status: 'released' })], {
        before: sample(null, 40 * MIB),
      }),
    )
    expect(lines[0]).to.contain('20.00 MiB ± 8.00 KiB, 50.0 % of the JS heap')
  })

  it('names the owner by which the floor grows, and the floor where none explains it', () => {
    const growing = { ...trend('growing', 5 * MIB), allocated: null, heap: null, mapped: null }
    const headlineWith = (rate: number): string =>
      headline(
        report([], {
          floor: { allocatedBytes: 1, heapBytes: 1, mappedBytes: null, trend: growing },
          discovery: discovery([owner('store.byId', 50 * MIB, { growth: trend('growing', rate) })]),
        }),
      ).join(' ')
    expect(headlineWith(4.5 * MIB)).to.match(/store\.byId: Map\([\d,]+\) grows by 4\.50 MiB\/h\./)
    expect(headlineWith(4.5 * MIB)).not.to.contain('Memory in no cache grows')
    expect(headlineWith(MIB)).to.contain('Memory in no cache grows by 5.00 MiB/h.')
  })

  it('advises for the largest also behind a sentence about another', () => {
    const growing = { ...trend('unbounded', 5 * MIB), allocated: null, heap: null, mapped: null }
    const lines = headline(
      report([row('big', 200 * MIB, { trend: trend('growing', MIB) })], {
        floor: { allocatedBytes: 1, heapBytes: 1, mappedBytes: null, trend: growing },
      }),
    )
    expect(lines.slice(1)).to.deep.equal(['Memory in no cache grows by 5.00 MiB/h.', 'Bound "big" by size or by age.'])
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
