import { expect } from 'chai'
import { describeHoard, formatDiscovery } from '../../../src/report/discovery/format-discovery.js'
import type { Discovery, Hoard } from '../../../src/twin/discover/types.js'

const MIB = 1024 * 1024

function hoard(path: string | null, mib: number, rest: Partial<Hoard> = {}): Hoard {
  const bytes = { allocatedBytes: 0, heapBytes: mib * MIB, mappedBytes: null, totalBytes: mib * MIB }
  return {
    path,
    script: 'file:///srv/server.js',
    kind: 'Map',
    className: 'Map',
    entries: 1000,
    instances: 1,
    released: bytes,
    own: bytes,
    uncertaintyBytes: 2048,
    significant: true,
    partOf: null,
    ...rest,
  }
}

function shown(hoards: readonly Hoard[], rest: Partial<Discovery> = {}): string[] {
  return formatDiscovery(
    {
      hoards,
      recognised: [],
      owners: [],
      live: null,
      examined: { objects: 470_000, collections: 21_000 },
      noise: { allocatedBytes: 1024, heapBytes: 2048, mappedBytes: null },
      durationMs: { census: 1000, naming: 1500, measuring: 500 },
      warnings: [],
      ...rest,
    },
    { color: false },
  ).split('\n')
}

describe('formatDiscovery()', () => {
  it('says where each hoard is, what it is, and what came back', () => {
    const [title, , head, row] = shown([hoard('server.js › UserStore.byId', 181, { entries: 500_000 })])
    expect(title).to.equal(
      'Hoards that nobody registered (of 470,000 live objects and 21,000 collections, took 3.00 s)',
    )
    expect(head).to.match(/^hoard +released +± +allocator +JS heap +B\/entry$/)
    expect(row).to.equal('server.js › UserStore.byId: Map(500,000)  181.0 MiB  2.00 KiB        0 B  181.0 MiB      380')
  })

  it('puts parts under what they lie in', () => {
    const lines = shown([
      hoard('a.js › all', 90, {
        own: { allocatedBytes: 0, heapBytes: 20 * MIB, mappedBytes: null, totalBytes: 20 * MIB },
      }),
      hoard('a.js › other', 80),
      hoard('a.js › all.get("x")', 70, { partOf: 0 }),
    ]).slice(3, 6)
    expect(lines[0]).to.match(/^a\.js › all: Map\(1,000\) .* 20\.00 MiB without its parts$/)
    expect(lines[1]).to.match(/^└ a\.js › all\.get\("x"\): Map\(1,000\) .* part of the above$/)
    expect(lines[2]).to.match(/^a\.js › other: /)
  })

  it('says what went wrong', () => {
    const error = { code: 'ERR_HOARD_NOT_EMPTIED' as const, message: '7 entries\ncannot be taken out' }
    const lines = shown([hoard('a.js › frozen', 1, { error })], {
      warnings: [{ code: 'WARN_HOARD_NAMES', message: 'not to the end' }],
    })
    expect(lines).to.include.members([
      'a.js › frozen: ERR_HOARD_NOT_EMPTIED: 7 entries\\u{a}cannot be taken out',
      'WARN_HOARD_NAMES: not to the end',
    ])
    expect(lines[3]).to.match(/ not emptied$/)
  })

  it('names the registered caches that it found', () => {
    const users = { cache: 'users', path: 'server.js › users', kind: 'Map' as const, entries: 12 }
    const rest = { allocatedBytes: 0, heapBytes: MIB, mappedBytes: 0, totalBytes: MIB, uncertaintyBytes: 2048 }
    const recognised = [
      { ...users, leftBehind: null },
      { ...users, cache: 'pages', leftBehind: { ...rest, significant: true } },
      { ...users, cache: 'clean', leftBehind: { ...rest, significant: false } },
    ]
    expect(shown([], { recognised })).to.include.members([
      'none was found',
      'registered  server.js › users: Map(12) is "users"',
      'registered  server.js › users: Map(12) is "pages"; its release leaves 1.00 MiB behind',
      'registered  server.js › users: Map(12) is "clean"',
    ])
  })

  it('shows the unknown as –, and leaves out a column of it', () => {
    const released = { allocatedBytes: null, heapBytes: MIB, mappedBytes: null, totalBytes: null }
    const lines = shown([hoard(null, 1, { released, own: released, uncertaintyBytes: null })])
    expect(lines[2]).to.not.include('allocator')
    expect(lines[3]).to.match(/^\(no path found\): Map\(1,000\) +1\.00 MiB /)
    expect(lines.join('\n')).to.not.match(/null|NaN|undefined/)
  })

  it('keeps a minus sign and says what is within the noise', () => {
    const released = { allocatedBytes: -100, heapBytes: -200, mappedBytes: null, totalBytes: -300 }
    expect(shown([hoard('a.js › x', 0, { released, own: released, significant: false })])[3]).to.match(
      / −300 B .* within noise$/,
    )
  })

  it('shows a hostile path in one line', () => {
    const lines = shown([hoard('a.js › x["\u001b[2J\n fake"]', 1, { className: 'M\u0007'.repeat(100) })])
    // eslint-disable-next-line no-control-regex -- it looks for them
    expect(lines.join('')).to.not.match(/[\u0000-\u001f]/)
  })

  it('ends when parts are said to lie in each other', () => {
    const ring = [hoard('a', 1, { partOf: 1 }), hoard('b', 1, { partOf: 0 })]
    expect(shown(ring)).to.include('none was found')
  })

  it('refuses an option that it does not have', () => {
    expect(() => formatDiscovery({} as never, { colour: true } as never)).to.throw('ERR_OPTION_UNKNOWN')
  })

  it('colours on demand, and changes nothing else', () => {
    const discovery = { ...({} as Discovery) }
    Object.assign(discovery, {
      hoards: [hoard('a', 1), hoard('b', 1, { significant: false })],
      recognised: [],
      owners: [],
      live: null,
      examined: { objects: 1, collections: 1 },
      noise: { allocatedBytes: 0, heapBytes: 0, mappedBytes: null },
      durationMs: { census: 0, naming: 0, measuring: 0 },
      warnings: [],
    })
    const coloured = formatDiscovery(discovery, { color: true })
    expect(coloured).to.include('\u001b[1m')
    // eslint-disable-next-line no-control-regex -- it takes them away
    expect(coloured.replace(/\u001b\[\d+m/g, '')).to.equal(formatDiscovery(discovery, { color: false }))
  })
})

describe('describeHoard()', () => {
  it('says how many instances share a name', () => {
    expect(describeHoard(hoard('a.js › Session.items', 1, { instances: 200 }))).to.equal(
      'a.js › Session.items: Map(1,000) in 200 instances',
    )
  })
})
