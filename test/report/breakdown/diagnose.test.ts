import { expect } from 'chai'
import { diagnose, formatBreakdown } from '../../../src/index.js'
import type { Diagnosis } from '../../helpers/internals/report-breakdown.js'
import { buildBreakdown } from '../../helpers/internals/report-breakdown.js'
import { MIB, heap, readings } from './readings.js'

const JAVASCRIPT = 'JavaScript objects in no measured cache (live at the last major collection)'

function diagnosed(...of: Parameters<typeof readings>): Diagnosis {
  return diagnose(buildBreakdown(readings(...of)))
}

describe('diagnose() of one observation', () => {
  it('says what is large and what would tell more, and judges nothing', () => {
    const { verdict, largest, line } = diagnosed()
    expect(verdict).to.equal('observed')
    expect(largest).to.match(/^JavaScript objects in no measured cache/)
    expect(line).to.contain('80.00 MiB (40.0 % of RSS)')
    expect(line).to.contain('discover and a class histogram')
    expect(line).to.contain('second observation')
  })

  it('never speaks of leaks or of fragmentation as a cause, however much is free', () => {
    const isolates = [heap('main thread', { used: 20, size: 100, available: 70 })]
    for (const { verdict, line } of [
      diagnosed({ isolates }),
      diagnosed({ mapped: { arenas: 300 * MIB }, allocator: { activeBytes: 242 * MIB } }),
    ]) {
      expect(verdict).to.equal('observed')
      expect(line).to.not.match(/leak|rather than/)
    }
  })

  it('lets code not compete, however small the rest is', () => {
    const isolates = [heap('main thread', { used: 2, size: 10, available: 8 })]
    const binary = [{ name: '/usr/bin/node', bytes: 900 * MIB }]
    const { largest, line } = diagnosed({ isolates, mapped: { v8: 10 * MIB, arenas: 5 * MIB, binary } })
    expect(largest).to.not.equal('binary and libraries')
    expect(line).to.not.contain('code, which')
  })

  it('does not count an empty young generation as free pages', () => {
    const space = { name: 'new_space', sizeBytes: 60 * MIB, usedBytes: MIB, availableBytes: 20 * MIB }
    const { line } = diagnosed({ isolates: [{ name: 'main thread', spaces: [space] }], mapped: { v8: 61 * MIB } })
    expect(line).to.not.contain("free pages of V8's heap")
  })

  it('names pages that V8 keeps outside its spaces', () => {
    const { largest } = diagnosed({ mapped: { v8: 900 * MIB }, ownMapped: null })
    expect(largest).to.equal('pages that V8 keeps outside its spaces')
  })

  it('names the pool of pages that V8 freed, with what gives them back, where nothing else can lie there', () => {
    const { largest, line } = diagnosed({ mapped: { v8: 900 * MIB } })
    expect(largest).to.equal('freed pages that V8 keeps (its page pool)')
    expect(line).to.contain('800.0 MiB (80.0 % of RSS)').and.to.contain("flavor: 'last-resort'")
  })

  it('tells what lived after the last major collection from what was allocated since', () => {
    const isolates = [heap('main thread', { used: 358, size: 360, available: 2, live: 100 })]
    const { largest, line } = diagnosed({ isolates, mapped: { v8: 360 * MIB } })
    expect(largest).to.equal('JavaScript objects, garbage or allocated since the last major collection')
    expect(line).to.contain('258.0 MiB').and.to.contain(`${JAVASCRIPT} 100.0 MiB`)
  })

  it('says that it does not know, where no major collection was seen', () => {
    const { largest } = diagnosed({
      isolates: [heap('main thread', { used: 80, size: 100, available: 15, live: null })],
    })
    expect(largest).to.equal(
      'JavaScript objects in no measured cache, garbage since the last major collection included',
    )
  })

  it('names room of the young generation where it is large', () => {
    const spaces = [{ name: 'new_space', sizeBytes: 128 * MIB, usedBytes: MIB, availableBytes: 63 * MIB }]
    const { largest, line } = diagnosed({ isolates: [{ name: 'main thread', spaces }], mapped: { v8: 128 * MIB } })
    expect(largest).to.equal("room of V8's young generation")
    expect(line).to.contain('127.0 MiB').and.to.contain('--max-semi-space-size')
  })

  it('finds native memory, and the caches that were measured', () => {
    const more = {
      mapped: { arenas: 600 * MIB },
      allocator: { allocatedBytes: 580 * MIB, rawAllocatedBytes: 582 * MIB, activeBytes: 587 * MIB },
    }
    expect(diagnosed(more).largest).to.equal('native memory in no measured cache')
    const caches = [{ name: 'files', allocatedBytes: 500 * MIB, heapBytes: 0, mappedBytes: null }]
    expect(diagnosed({ ...more, caches }).largest).to.equal('measured caches')
  })

  it('finds mapped files, shared memory, stacks and what was mapped past the allocator', () => {
    const LARGE: readonly [part: string, mapped: Parameters<typeof diagnosed>[0]][] = [
      ['mapped files', { mapped: { files: [{ name: '/data.mdb', bytes: 900 * MIB }] } }],
      ['shared memory', { mapped: { shared: [{ name: '/dev/shm/q', bytes: 900 * MIB }] } }],
      ['thread stacks', { mapped: { stacks: 900 * MIB } }],
      ['other anonymous', { mapped: { other: 900 * MIB } }],
    ]
    for (const [part, of] of LARGE) expect(diagnosed(of).largest).to.equal(part)
  })

  it('finds the heaps of workers that were not asked', () => {
    const { largest, line } = diagnosed({ mapped: { v8: 900 * MIB, workers: 3 } })
    expect(largest).to.equal("other threads' heaps, not told apart")
    expect(line).to.contain('breakdown({ isolates')
  })

  it('does not judge mappings alone', () => {
    const allocator = { rawAllocatedBytes: null, allocatedBytes: null }
    expect(diagnosed({ isolates: [], allocator })).to.include({ verdict: 'unclear', largest: 'live and free' })
  })

  it('has a line for a process of nothing', () => {
    expect(diagnose({ name: 'process', bytes: 0 }).line).to.contain('0 B')
  })
})

describe('diagnose() of one observation after another', () => {
  const of = (usedMib: number, allocatedMib: number): Parameters<typeof readings>[0] => ({
    isolates: [heap('main thread', { used: usedMib, size: usedMib, available: 0 })],
    mapped: { v8: usedMib * MIB, arenas: allocatedMib * MIB },
    allocator: { ...NOTHING_ELSE, allocatedBytes: allocatedMib * MIB, rawAllocatedBytes: allocatedMib * MIB },
  })
  const NOTHING_ELSE = { threadCacheBytes: 0, activeBytes: null, dirtyBytes: 0, muzzyBytes: 0, metadataBytes: 0 }
  const named = (usedMib: number, allocatedMib: number, stated?: Diagnosis): readonly string[] =>
    diagnose(buildBreakdown(readings(of(usedMib, allocatedMib))), undefined, stated).named
  const stated = diagnose(buildBreakdown(readings(of(80, 79))))

  it('keeps the order of parts that are nearly as large', () => {
    expect(named(79, 80)).to.deep.equal(['native memory in no measured cache', JAVASCRIPT])
    expect(named(79, 80, stated)).to.deep.equal(stated.named)
    expect(named(78, 81, stated)).to.deep.equal(stated.named)
  })

  it('changes it where one has clearly become larger', () => {
    expect(named(60, 99, stated)).to.deep.equal(stated.named.toReversed())
  })

  it('goes on to name a part that falls a little below what is named', () => {
    const before = diagnose(buildBreakdown(readings(of(150, 11))))
    expect(named(150, 6)).to.have.length(1)
    expect(before.named).to.have.length(2)
    expect(named(150, 6, before)).to.deep.equal(before.named)
    expect(named(150, 2, before)).to.have.length(1)
  })

  it('puts a part first that has overtaken all, however they were named', () => {
    const three = ['a', JAVASCRIPT, 'native memory in no measured cache']
    expect(named(50, 90, { ...stated, named: three })[0]).to.equal('native memory in no measured cache')
  })
})

describe('diagnose() of two observations', () => {
  const treeOf = (...of: Parameters<typeof readings>): ReturnType<typeof buildBreakdown> =>
    buildBreakdown(readings(...of))
  const grownHeap = {
    isolates: [heap('main thread', { used: 280, size: 300, available: 15 })],
    mapped: { v8: 300 * MIB },
  }
  const freeHeap = {
    isolates: [heap('main thread', { used: 80, size: 300, available: 215 })],
    mapped: { v8: 300 * MIB },
  }

  it('finds what grew', () => {
    const { verdict, largest, line } = diagnose(treeOf(grownHeap), treeOf())
    expect(verdict).to.equal('growing')
    expect(largest).to.match(/^JavaScript objects/)
    expect(line).to.contain('grew by 200.0 MiB')
  })

  it('finds fragmentation where nobody holds what grew, or what is free in both', () => {
    expect(diagnose(treeOf(freeHeap), treeOf())).to.include({
      verdict: 'fragmented',
      largest: "free pages of V8's heap",
    })
    expect(diagnose(treeOf(freeHeap), treeOf(freeHeap)).verdict).to.equal('fragmented')
  })

  it('calls a process fragmented whose freed pages V8 keeps', () => {
    const pooled = treeOf({ mapped: { v8: 1550 * MIB } })
    expect(diagnose(pooled, pooled)).to.include({
      verdict: 'fragmented',
      largest: 'freed pages that V8 keeps (its page pool)',
      hasGrown: false,
    })
    expect(diagnose(pooled, treeOf())).to.include({ verdict: 'fragmented', hasGrown: true })
  })

  it('keeps a verdict until it is clearly otherwise', () => {
    const free = (mib: number): ReturnType<typeof treeOf> => treeOf({ mapped: { v8: (100 + mib) * MIB } })
    const [above, below, wellBelow] = [free(20), free(15), free(2)]
    const stated = diagnose(above, above)
    expect(stated.verdict).to.equal('fragmented')
    expect(diagnose(below, above).verdict).to.equal('steady')
    expect(diagnose(below, above, stated).verdict).to.equal('fragmented')
    expect(diagnose(wellBelow, above, stated).verdict).to.equal('steady')
    const grown = diagnose(free(17), treeOf())
    expect(grown.hasGrown).to.equal(true)
    expect(diagnose(free(15), treeOf()).hasGrown).to.equal(false)
    expect(diagnose(free(15), treeOf(), grown).hasGrown).to.equal(true)
    expect(diagnose(free(5), treeOf(), grown).hasGrown).to.equal(false)
  })

  it('finds nothing in what shrinks, or stays within the coming and going of any process', () => {
    expect(diagnose(treeOf(), treeOf(grownHeap)).verdict).to.equal('steady')
    expect(diagnose(treeOf({ mapped: { v8: 105 * MIB } }), treeOf()).verdict).to.equal('steady')
    expect(diagnose(treeOf(), treeOf(freeHeap)).verdict).to.equal('steady')
  })
})

describe('formatBreakdown()', () => {
  it('writes each node with its share of RSS, and the diagnosis above', () => {
    const text = formatBreakdown(buildBreakdown(readings()), { color: false })
    const [first, ...below] = text.split('\n')
    expect(first).to.match(/^Where all of RSS is: largest: [^;]+$/)
    expect(below.slice(0, below.indexOf(''))).to.deep.equal([
      '  discover and a class histogram show what holds these objects',
      '  a second observation shows whether RSS grows, and by which part',
    ])
    expect(text).to.match(/^ {6}live +80\.00 MiB +40\.0 % +at the last major collection, 12\.0 s ago$/m)
    expect(text).to.match(/^ {2}binary and libraries +40\.00 MiB +20\.0 %$/m)
  })

  it('shows the parts of the process also where they are nothing', () => {
    expect(formatBreakdown(buildBreakdown(readings()), { color: false })).to.match(/^ {2}shared memory +0 B/m)
  })

  it('sums what is too small for a line', () => {
    const files = Array.from({ length: 5 }, (_, index) => ({
      name: `/data/${String(index)}`,
      bytes: index < 2 ? 50 * MIB : 4096,
    }))
    const text = formatBreakdown(buildBreakdown(readings({ mapped: { files } })), { color: false })
    expect(text).to.match(/^ {4}3 smaller +12\.00 KiB/m)
    expect(text).to.match(/^ {4}\/data\/1 /m)
    expect(text).not.to.contain('/data/3')
  })

  it('lets no name forge a line', () => {
    const files = [{ name: 'a\n  V8 heap 0 B', bytes: 50 * MIB }]
    const text = formatBreakdown(buildBreakdown(readings({ mapped: { files } })), { color: false })
    expect(text).to.contain('a\\u{a}  V8 heap 0 B')
  })

  it('refuses an unknown option', () => {
    expect(() => formatBreakdown({ name: 'process', bytes: 0 }, { colour: true } as object)).to.throw(
      'did you mean "color"?',
    )
  })
})
