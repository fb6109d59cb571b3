import { expect } from 'chai'
import { formatDiscovery } from '../../../src/twin/index.js'
import type { Discovery, Owner } from '../../../src/twin/index.js'
import { ownerOf } from '../owners.js'

const MIB = 1024 * 1024

const owner = (path: string | null, mib: number, rest: Partial<Owner> = {}): Owner =>
  ownerOf(path, mib * MIB, { script: 'file:///srv/server.js', ...rest })

function measured(mib: number): Partial<Owner> {
  return {
    released: { allocatedBytes: 0, heapBytes: mib * MIB, mappedBytes: null, totalBytes: mib * MIB },
    uncertaintyBytes: 2048,
    returned: { residentBytes: mib * MIB, uncertaintyBytes: 2048 },
  }
}

function shown(owners: readonly Owner[], rest: Partial<Discovery> = {}): string[] {
  return formatDiscovery(
    {
      owners,
      live: { totalBytes: 400 * MIB, ownedBytes: 300 * MIB, restBytes: 100 * MIB },
      others: { count: 0, totalBytes: 0 },
      noise: { allocatedBytes: 1024, heapBytes: 2048, mappedBytes: null },
      durationMs: { walking: 2500, measuring: 500 },
      warnings: [],
      ...rest,
    },
    { color: false },
  ).split('\n')
}

describe('formatDiscovery()', () => {
  it('says where each owner is, what it holds, what came back, and by how much RSS falls', () => {
    const [title, , head, row, rest] = shown([owner('store.byId', 180, { entries: 500_000, ...measured(181) })])
    expect(title).to.equal('Owners of live memory (400.0 MiB live, by the graph of the heap, took 3.00 s)')
    expect(head).to.match(/^# +owner +holds +share +JS heap +buffers +released +± +RSS falls by +B\/entry$/)
    expect(row).to.match(
      /^1 +server\.js › store\.byId: Map\(500,000\) +180\.0 MiB +45\.0 % +180\.0 MiB +0 B +181\.0 MiB +2\.00 KiB +181\.0 MiB +377$/,
    )
    expect(rest).to.equal('the rest: 220.0 MiB (55.0 %) of code, Node itself and small pieces')
  })

  it('marks what was not emptied, what lies in another, and what is of a package', () => {
    const lines = shown([
      owner('all', 20, { ...measured(90), retained: { heapBytes: 90 * MIB, memoryBytes: 0, totalBytes: 90 * MIB } }),
      owner('all.part', 70, { partOf: 0, package: 'undici' }),
    ])
    expect(lines[3]).to.match(/ 90\.00 MiB with what lies in it$/)
    expect(lines[4]).to.match(/ in owner 1, package undici, by the graph alone$/)
  })

  it('names by number who holds an owner as well, and what several share', () => {
    const lines = shown([owner('a', 100, { sharedBy: [1, 2] }), owner('b', 90), owner('c', 80, { sharedBy: [0] })], {
      shared: [
        {
          countedWith: 0,
          holders: [
            { script: '/app/server.js', path: 'byId' },
            { script: '/app/server.js', path: 'byName' },
          ],
          count: 400,
          totalBytes: 2 * MIB,
        },
        { countedWith: null, holders: [{ script: null, path: 'all[*]' }], count: 9, totalBytes: MIB },
      ],
    })
    expect(lines[3]).to.match(/^1 .* held by owners 2 and 3 as well, by the graph alone$/)
    expect(lines[5]).to.match(/^3 .* held by owner 1 as well, by the graph alone$/)
    expect(lines).to.include('of owner 1, 2.00 MiB (×400) are held by server.js › byId and server.js › byName together')
    expect(lines).to.include('of the rest, 1.00 MiB (×9) are held by all[*] as well')
  })

  it('folds smaller owners into one line', () => {
    const lines = shown([owner('a', 100)], { others: { count: 1200, totalBytes: 40 * MIB } })
    expect(lines[4]).to.equal('1,200 smaller owners: 40.00 MiB (10.0 %)')
    expect(lines[5]).to.match(/^the rest: 260\.0 MiB/)
  })

  it('says which owner the measurement and the graph differ about, and why', () => {
    const lines = shown([owner('a', 1), owner('b', 1, { ...measured(3), disagreement: '2.00 MiB\nmore came back' })])
    expect(lines).to.include('owner 2: 2.00 MiB\\u{a}more came back')
  })

  it('names a registered cache, and what went wrong', () => {
    const lines = shown([owner('users', 1, { cache: 'users' })], {
      warnings: [{ code: 'WARN_KNOWN_RELEASE', message: 'it threw' }],
    })
    expect(lines[3]).to.match(/^1 +server\.js › users: Map\(1,000\) \(the cache "users"\) /)
    expect(lines).to.include('WARN_KNOWN_RELEASE: it threw')
  })

  it('says that none is known where the heap was not walked, and none where none is large', () => {
    expect(shown([], { live: null })[1]).to.equal('no owner is known: the heap was not walked')
    expect(shown([])[2]).to.equal('no owner is as large as asked for')
    expect(shown([], { leastBytes: 1 * MIB })[2]).to.equal('no owner holds 1.00 MiB or more')
  })

  it('has one empty line between its parts', () => {
    const inFlight = [
      { kind: 'promises', className: 'Promise', site: null, count: 9, retainedBytes: MIB, bufferedBytes: null },
    ] as const
    const lines = shown([owner('a', 1)], { inFlight, warnings: [{ code: 'WARN_KNOWN_RELEASE', message: 'it threw' }] })
    const empty = lines.flatMap((line, at) => (line === '' ? [at] : []))
    expect(empty).to.include(lines.indexOf('In flight') - 1)
    expect(empty).to.include(lines.indexOf('WARN_KNOWN_RELEASE: it threw') - 1)
    expect(empty.some((at) => empty.includes(at + 1) || at === lines.length - 1)).to.equal(false)
  })

  it('refuses an option that it does not know', () => {
    expect(() => formatDiscovery({} as never, { colour: true } as never)).to.throw('ERR_OPTION_UNKNOWN')
  })
})
