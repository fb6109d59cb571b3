import { expect } from 'chai'
import { formatReport } from '../../src/index.js'
import type { AttributionReport } from '../../src/index.js'
import { buildBreakdown } from '../helpers/internals/report-breakdown.js'
import { widthOf } from '../helpers/internals/support.js'
import { readings } from './breakdown/readings.js'
import { discoveryOf, ownerOf } from './owners.js'
import { report, row, sample } from './reports.js'
import { expectLinear } from '../helpers/linear.js'
import { thorough } from '../helpers/thorough.js'

const MIB = 1024 * 1024
// eslint-disable-next-line no-control-regex -- it looks for them
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

function shown(...[value, options]: Parameters<typeof formatReport>): string[] {
  return formatReport(value, { color: false, ...options }).split('\n')
}

/** Lines of the table: its head, then one a row. */
function table(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => line.startsWith('cache '))
  return lines.slice(start, lines.indexOf('', start))
}

describe('formatReport()', () => {
  it('begins with the headline', () => {
    const lines = shown(report([row('big', 120 * MIB)]))
    expect(lines[0]).to.match(/^The cache "big" holds 120\.0 MiB ± 8\.00 KiB, 48\.4 % of live memory\.$/)
    expect(lines.slice(1, 4)).to.deep.equal(['Find the owners of the rest with discover(), in a twin.', '', lines[3]])
    expect(lines[3]).to.match(/^Memory by cache/)
  })

  it('says how much of the floor owners, packages and parts of the engine explain, by its own figures of the floor', () => {
    const live = { totalBytes: 30 * MIB, heapBytes: 28 * MIB, memoryBytes: 2 * MIB, ownedBytes: 0, restBytes: 30 * MIB }
    const discovery = {
      ...discoveryOf([]),
      live: { ...live, mappedBytes: 0, usedHeapBytes: 30.1 * MIB, allocatedBytes: 9.9 * MIB, engineBytes: 7 * MIB },
    }
    const floor = { allocatedBytes: 10 * MIB, heapBytes: 30 * MIB, mappedBytes: 0 }
    const lines = shown({ ...report([row('big', 120 * MIB)]), floor, discovery })
    const words =
      '10.00 MiB allocator + 30.00 MiB JS heap, 92.5 % are explained by owner, package or part of the engine'
    expect(lines).to.include(`of the floor of ${words}`)
    expect(lines.filter((line) => line.includes('are explained'))).to.have.length(1)
    const unknown = shown({ ...report([]), floor: { ...floor, allocatedBytes: null }, discovery })
    expect(unknown.join()).to.include('of the floor of 30.00 MiB JS heap, ')
  })

  it('gives the advice to find owners only where it lists none', () => {
    const advice = '  discover and a class histogram show what holds these objects'
    const unfound = { ...report([]), breakdown: buildBreakdown(readings()) }
    expect(shown(unfound)).to.include(advice)
    const found = shown({ ...unfound, discovery: discoveryOf([ownerOf('server.js › users', MIB)]) })
    expect(found).to.not.include(advice)
    expect(found).to.include('  a second observation shows whether RSS grows, and by which part')
  })

  it('sorts by bytes, the skipped ones last', () => {
    const lines = table(
      shown(
        report([
          row('small', MIB),
          row('negative', -MIB),
          row('none', null, { status: 'skipped', error: { code: 'ERR_BUDGET_PAUSE', message: 'why' } }),
          row('large', 90 * MIB),
        ]),
      ),
    )
    expect(lines.map((line) => line.split(' ', 1)[0])).to.deep.equal(['cache', 'large', 'small', 'negative', 'none'])
  })

  it('shows name, bytes, error bar, share, entries, bytes per entry, claim and pause', () => {
    const [title, line] = table(
      shown(report([row('files', 26 * MIB, { claimedBytes: 13 * MIB, entriesBefore: 1000 })])),
    )
    expect(title?.trim().split(/\s{2,}|\s(?=JS)/)).to.deep.equal(
      'cache,released,±,share,allocator,JS heap,entries,B/entry,claimed,measured/claimed,pause'.split(','),
    )
    expect(line?.split(/\s{2,}/)).to.deep.equal([
      'files',
      '26.00 MiB',
      '8.00 KiB',
      '10.5 %',
      '26.00 MiB',
      '0 B',
      '1,000',
      '27,263',
      '13.00 MiB',
      '2.00 ×',
      '81 ms',
    ])
  })

  it('shows the whole of a trimmed cache, with its own error bar, and what was dropped of it', () => {
    const trimmed = row('files', 1.3 * MIB, {
      status: 'trimmed',
      entriesBefore: 1000,
      entriesAfter: 950,
      trim: { batches: 6, entriesDropped: 50, entriesAtRandom: 25, basis: 'entries' },
      estimated: { allocatedBytes: 26 * MIB, heapBytes: 0, mappedBytes: null, totalBytes: 26 * MIB },
      estimatedUncertaintyBytes: 2 * MIB,
    })
    const larger = row('larger', 2 * MIB, {
      ...trimmed,
      name: 'larger',
      estimated: { allocatedBytes: 90 * MIB, heapBytes: 0, mappedBytes: null, totalBytes: 90 * MIB },
      estimatedUncertaintyBytes: null,
    })
    const lines = shown(report([trimmed, larger], { mode: 'trim' }))
    const [title, first, second] = table(lines)
    expect(title?.split(/\s{2,}/).slice(0, 3)).to.deep.equal(['cache', 'estimated', '±'])
    expect(first).to.match(/^larger +90\.00 MiB +– /)
    expect(second).to.match(/^files +26\.00 MiB +2\.00 MiB .* 1\.30 MiB +1,000 +27,263 /)
    expect(lines.find((line) => line.startsWith('floor'))).to.include('(estimated)')
  })

  it('does not show what a trim dropped that failed as the whole of the cache', () => {
    const failed = row('files', 1.3 * MIB, { status: 'failed', entriesAfter: 50, claimedBytes: 30 * MIB })
    const trimmed = row('other', MIB, {
      status: 'trimmed',
      estimated: { allocatedBytes: 20 * MIB, heapBytes: MIB, mappedBytes: null, totalBytes: 21 * MIB },
      estimatedUncertaintyBytes: MIB,
    })
    const line = table(shown(report([failed, trimmed], { mode: 'trim' })))[2]
    expect(line).to.match(/^files +– +– +– +– +– +1\.30 MiB +100 +– +30\.00 MiB .* failed$/)
  })

  it('aligns its columns, whatever the names are written in', () => {
    const names = ['a', 'a much longer name', '日本語', '😀 emoji', 'größe', 'e\u0301']
    const lines = table(shown(report(names.map((name) => row(name, 90 * MIB)))))
    const ends = lines.slice(1).map((line) => widthOf(line))
    expect(new Set(ends).size).to.equal(1)
    expect(widthOf(lines[0] ?? '')).to.equal(ends[0])
  })

  it('leaves out a column in which nothing is known', () => {
    const [title] = table(shown(report([row('a', MIB)])))
    expect(title).to.not.include('claimed')
  })

  it('shows a negative row with a minus sign, and no share below nothing as −0', () => {
    const text = shown(report([row('a', -5 * MIB, { claimedBytes: MIB }), row('b', -1)])).join('\n')
    expect(text).to.include('−5.00 MiB')
    expect(text).to.include('−2.0 %')
    expect(text).to.include('−5.00 ×')
    expect(text).to.not.match(/[-−]0\.0 %/)
    expect(text).to.not.match(/\s-\d/)
  })

  it('shows the unknown as –, never as 0', () => {
    const [, line] = table(
      shown(
        report([
          row('a', null, {
            released: { allocatedBytes: null, heapBytes: 5 * MIB, mappedBytes: null, totalBytes: null },
            uncertaintyBytes: null,
            entriesBefore: null,
          }),
          row('b', MIB),
        ]),
      ),
    )
    expect(line).to.match(/^a +5\.00 MiB +– +2\.0 % +– +5\.00 MiB +– /)
  })

  it('divides no sum that may be nothing, though one of its parts is known', () => {
    const [, line] = table(
      shown(
        report([
          row('a', -9500, {
            released: { allocatedBytes: -20_000, heapBytes: 10_500, mappedBytes: null, totalBytes: -9500 },
            uncertaintyBytes: 42_000,
            significant: true,
            claimedBytes: 1000,
          }),
        ]),
      ),
    )
    expect(line).to.match(/^a +−9\.28 KiB +41\.02 KiB /)
    expect(line).to.not.match(/ −95 | −9\.50 ×/)
  })

  it('says of a row that it is within the noise', () => {
    const text = table(shown(report([row('a', 5)])))[1]
    expect(text).to.match(/ within noise$/)
  })

  const STATUSES: readonly [status: Parameters<typeof row>[2], words: RegExp][] = [
    [{ status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'no such table' } }, / failed$/],
    [{ status: 'timed-out', error: { code: 'ERR_RELEASE_TIMEOUT', message: 'slow' } }, / timed-out$/],
    [{ window: 'drift-corrected' }, / drift-corrected$/],
    [{ settled: false }, / not settled$/],
    [{ late: { allocatedBytes: MIB, heapBytes: 0, mappedBytes: null, totalBytes: MIB } }, / 1\.00 MiB of it late$/],
    [{ late: { allocatedBytes: null, heapBytes: MIB, mappedBytes: null, totalBytes: null } }, / 1\.00 MiB of it late$/],
    [{ status: 'trimmed' }, /ms$/],
  ]
  for (const [rest, words] of STATUSES) {
    it(`says what is to be known of a row: ${JSON.stringify(rest)}`, () => {
      expect(table(shown(report([row('a', 5 * MIB, rest)])))[1]).to.match(words)
    })
  }

  it('gives every failure and every skip its line', () => {
    const lines = shown(
      report([
        row('a', MIB, { status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'no such\ntable' } }),
        row('b', null, { status: 'skipped', error: { code: 'ERR_BUDGET_PAUSE', message: 'too long' } }),
      ]),
    )
    expect(lines).to.include.members([
      'a failed: ERR_RELEASE_FAILED: no such\\u{a}table',
      'b skipped: ERR_BUDGET_PAUSE: too long',
    ])
  })

  it('gives every warning its line', () => {
    const warnings = [{ code: 'WARN_ALIASED' as const, message: 'two\r\nnames' }]
    expect(shown(report([], { warnings }))).to.include('WARN_ALIASED: two\\u{d}\\u{a}names')
  })

  it('shows a run without a cache', () => {
    const lines = shown(report([]))
    expect(lines).to.include('no caches were released')
    expect(lines.join('\n')).to.include('noise ')
  })

  it('shows a process without allocator statistics', () => {
    const released = { allocatedBytes: null, heapBytes: 9 * MIB, mappedBytes: null, totalBytes: null }
    const text = shown(
      report([row('a', null, { released })], {
        before: sample(null, 90 * MIB),
        after: sample(null, 80 * MIB),
        unattributed: { allocatedBytes: null, heapBytes: MIB, mappedBytes: null },
        floor: { allocatedBytes: null, heapBytes: 80 * MIB, mappedBytes: null },
        noise: { controls: 2, allocatedBytes: null, heapBytes: 16384, mappedBytes: null },
        process: {
          pid: 1,
          nodeVersion: 'v20.0.0',
          allocator: { name: 'unavailable', version: null, statistic: null, binding: null },
        },
      }),
    ).join('\n')
    expect(text).to.match(/(?:^|\n)Memory by cache, measured by release \(pid 1, Node v20\.0\.0, unavailable, /)
    expect(text).to.include('unattributed  – allocator, 1.00 MiB JS heap')
    expect(text).to.include('floor         – allocator, 80.00 MiB JS heap held by no cache, of – and 90.00 MiB')
    expect(text).to.include('a      9.00 MiB')
    expect(text.replace('null releases', '')).to.not.match(/null|NaN|undefined/)
  })

  it('says that the error bars are unknown without controls', () => {
    const noise = { controls: 0, allocatedBytes: null, heapBytes: null, mappedBytes: null }
    expect(shown(report([row('a', MIB)], { noise })).join('\n')).to.include(
      '± – allocator, ± – JS heap (no controls: the error bars are unknown)',
    )
  })

  it('tells fragmentation and what the kernel sees', () => {
    const before = { ...sample(200 * MIB, MIB), activeBytes: 250 * MIB, residentBytes: 300 * MIB, retainedBytes: MIB }
    expect(shown(report([], { before })).join('\n')).to.include(
      'process       live 200.0 MiB, tcache 0 B, active 250.0 MiB (fragmentation 20.0 %), resident 300.0 MiB, retained 1.00 MiB, RSS 152.6 MiB',
    )
  })

  const NAMES: readonly [what: string, name: string][] = [
    ['line ends', 'a\nb\r\nc'],
    ['a row of its own', 'x\n fake  900 MiB'],
    ['colours', '\u001b[31mred\u001b[0m'],
    ['a cleared screen', '\u001b[2J\u001b[H'],
    ['a link', '\u001b]8;;http://example.org\u0007here\u001b]8;;\u0007'],
    ['eight-bit controls', '\u009b31m'],
    ['a turned direction', '\u202egnp.exe\u2066'],
    ['separators of lines and paragraphs', 'a\u2028b\u2029c'],
    ['nothing to see', '\u200b\u200d\ufeff'],
    ['backspaces', 'safe\b\b\b\bevil'],
    ['NUL', 'a\u0000b'],
    ['half a character', '\ud800'],
    ['markup', '<script>alert(1)</script>'],
    ['a text of ten kilobytes', 'x'.repeat(10_240)],
    ['ten kilobytes of controls', '\u001b'.repeat(10_240)],
    ['an emoji of several', '👨‍👩‍👧‍👦'],
    ['a property of every object', '__proto__'],
  ]
  for (const [what, name] of NAMES) {
    it(`shows a name with ${what} in one line, without its controls`, () => {
      const plain = shown(report([row(name, MIB), row('b', 2 * MIB)]))
      const hostile = shown(
        report(
          [
            row(name, MIB, { status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: name.repeat(3) } }),
            row('b', 2 * MIB),
          ],
          { warnings: [{ code: 'WARN_NOT_EMPTY', message: name, cache: name }] },
        ),
      )
      for (const lines of [plain, hostile]) {
        expect(table(lines)).to.have.length(3)
        for (const line of lines) {
          expect(line).to.not.match(CONTROLS)
          expect([...line].length).to.be.lessThan(500)
        }
      }
      expect([...(table(plain)[2] ?? '')].length).to.be.lessThan(150)
    })
  }

  it('takes a time in proportion to its rows', async () => {
    const reportOf = (length: number): AttributionReport =>
      report(Array.from({ length }, (_, index) => row(`cache ${String(index)}`, index * 1000, { claimedBytes: index })))
    expect(table(shown(reportOf(10_000)))).to.have.length(10_001)
    await expectLinear(reportOf, shown, 1000)
  })

  thorough('is 200,000 rows without a stack that overflows', function () {
    this.timeout(60_000)
    const rows = Array.from({ length: 200_000 }, (_, index) => row(String(index), index))
    expect(table(shown(report(rows)))).to.have.length(200_001)
  })

  it('does not change the report', () => {
    const frozen = report(Object.freeze([Object.freeze(row('a', 1)), Object.freeze(row('b', 2))]))
    expect(() => formatReport(Object.freeze(frozen))).not.to.throw()
  })

  it('ends without a newline', () => {
    expect(formatReport(report([row('a', MIB)]))).to.not.match(/\n$/)
  })

  it('refuses an option that it does not have', () => {
    expect(() => formatReport(report([]), { colour: true } as never)).to.throw(
      'ERR_OPTION_UNKNOWN: formatReport() has no option "colour" (string): did you mean "color"?',
    )
    expect(() => formatReport(report([]), { color: 'always' } as never)).to.throw('ERR_OPTION_TYPE')
  })
})

describe('colours', () => {
  const coloured = report([
    row('a', 5),
    row('b', MIB, { status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'x' } }),
  ])
  const wasTty = process.stdout.isTTY
  const noColor = process.env['NO_COLOR']

  function surroundings(isTty: boolean | undefined, value: string | undefined): void {
    Object.defineProperty(process.stdout, 'isTTY', { value: isTty, configurable: true, writable: true })
    if (value === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = value
  }
  afterEach(() => {
    surroundings(wasTty, noColor)
  })

  const CASES: readonly [isTty: boolean | undefined, noColor: string | undefined, isColoured: boolean][] = [
    [true, undefined, true],
    [true, '', true],
    [true, '1', false],
    [true, '0', false],
    [false, undefined, false],
    [undefined, undefined, false],
  ]
  for (const [isTty, value, isColoured] of CASES) {
    it(`are ${isColoured ? 'there' : 'not there'} with a terminal: ${String(isTty)}, and NO_COLOR: ${String(value)}`, () => {
      surroundings(isTty, value)
      expect(formatReport(coloured).includes('\u001b[')).to.equal(isColoured)
    })
  }

  it('are as the caller says, whatever the surroundings', () => {
    surroundings(true, undefined)
    expect(formatReport(coloured, { color: false })).to.not.include('\u001b')
    surroundings(false, '1')
    expect(formatReport(coloured, { color: true })).to.include('\u001b[31m')
  })

  it('change nothing but the colours', () => {
    // eslint-disable-next-line no-control-regex -- it takes them away
    const plain = formatReport(coloured, { color: true }).replace(/\u001b\[\d+m/g, '')
    expect(plain).to.equal(formatReport(coloured, { color: false }))
  })
})
