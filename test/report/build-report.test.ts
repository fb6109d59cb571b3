import { expect } from 'chai'
import { buildReport, RESOLUTION, noiseOfControls } from '../helpers/internals/report.js'
import { difference } from '../helpers/internals/measure.js'
import type {
  LateGap,
  MeasuredRun,
  TrimmedPart,
  FigureLevel,
  MeasuredCache,
  Measurement,
} from '../helpers/internals/report.js'
import { randomOf, remainderOf } from '../coordinator/world.js'
import { atomic, figures, head, measured, sample } from './reports.js'

const KIB = 1024
const MIB = 1024 * 1024

function run(caches: readonly MeasuredCache[], rest: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    head: head(sample(300 * MIB, 100 * MIB), sample(100 * MIB, 50 * MIB)),
    controls: [],
    caches,
    gaps: [],
    warnings: [],
    ...rest,
  }
}

function onlyRow(
  measurement: Measurement,
  rest: Parameters<typeof measured>[2] = {},
): ReturnType<typeof buildReport>['caches'][number] {
  const [row] = buildReport(run([measured('a', measurement, rest)])).caches
  if (row === undefined) throw new Error('no row')
  return row
}

function levels(count: number, startMs: number, allocated: number | null, heap: number): FigureLevel[] {
  return Array.from({ length: count }, (_, index) => ({
    allocatedBytes: allocated,
    heapBytes: heap,
    mappedBytes: null,
    atMs: startMs + 60 * index,
  }))
}

describe('the report', () => {
  it('adds up: rows and unattributed are before − after, for any rows (1,000 random runs)', () => {
    const random = randomOf(20)
    const bytes = (): number => Math.round((random() - 0.3) * 2 ** (10 + Math.floor(random() * 30)))
    for (let round = 0; round < 1000; round++) {
      const known = random() < 0.8
      const allocated = (): number | null => (known ? bytes() : null)
      const measurement = (): Measurement => {
        const kind = random()
        if (kind < 0.2) return { kind: 'none' }
        const [before, after] = [figures(allocated(), bytes()), figures(allocated(), bytes())]
        if (kind < 0.7) return { kind: 'atomic', before, after }
        return {
          kind: 'stepped',
          firstTurn: { before, after },
          levelsBefore: levels(1 + Math.floor(random() * 10), 0, allocated(), bytes()),
          levelsAfter: levels(1 + Math.floor(random() * 10), 700, allocated(), bytes()),
        }
      }
      const status = (): MeasuredCache['status'] => (random() < 0.3 ? 'failed' : 'released')
      const caches = Array.from({ length: Math.floor(random() * 20) }, (_, index) =>
        measured(String(index), measurement(), { status: status(), controls: [figures(allocated(), bytes())] }),
      )
      const report = buildReport(
        run(caches, { head: head(sample(allocated(), bytes()), sample(allocated(), bytes())) }),
      )
      expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
      expect(report.unattributed.allocatedBytes === null).to.equal(!known)
      expect(JSON.parse(JSON.stringify(report))).to.deep.equal(report)
    }
  })

  it('is version 1, and plain JSON', () => {
    const report = buildReport(run([measured('a', atomic(5, 6))]))
    expect(report.schemaVersion).to.equal(1)
    expect(JSON.parse(JSON.stringify(report))).to.deep.equal(report)
  })

  it('keeps the order of the rows, and names that repeat', () => {
    const { caches } = buildReport(
      run([measured('b', atomic(1, 1)), measured('a', atomic(2, 2)), measured('b', atomic(3, 3))]),
    )
    expect(caches.map(({ name, released }) => [name, released.heapBytes])).to.deep.equal([
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ])
  })

  it('changes nothing of what it is made from', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
      return Object.freeze(value)
    }
    expect(() => buildReport(freeze(run([measured('a', atomic(5, 6))])))).not.to.throw()
  })
})

describe('a row', () => {
  it('keeps a negative number', () => {
    expect(onlyRow(atomic(-5 * MIB, -MIB)).released).to.deep.equal({
      allocatedBytes: -5 * MIB,
      heapBytes: -MIB,
      mappedBytes: null,
      totalBytes: -6 * MIB,
    })
  })

  it('of a skipped cache knows nothing: null, not zero', () => {
    expect(onlyRow({ kind: 'none' }, { settled: null })).to.deep.include({
      status: 'skipped',
      released: { allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null },
      uncertainty: { allocatedBytes: null, heapBytes: null, mappedBytes: null },
      uncertaintyBytes: null,
      significant: false,
      window: null,
      settled: null,
    })
  })

  it('without an allocator knows the heap, and no total', () => {
    expect(onlyRow(atomic(null, MIB)).released).to.deep.equal({
      allocatedBytes: null,
      heapBytes: MIB,
      mappedBytes: null,
      totalBytes: null,
    })
  })

  it('has the error bar of its own controls, in each quantity', () => {
    const controls = [figures(100_000, 200_000), figures(-100_000, -200_000)]
    const { uncertainty, uncertaintyBytes } = onlyRow(atomic(MIB, MIB), { controls })
    expect(uncertainty).to.deep.equal({ allocatedBytes: 430_000, heapBytes: 860_000, mappedBytes: null })
    expect(uncertaintyBytes).to.equal(Math.ceil(Math.hypot(430_000, 860_000)))
  })

  it("has the heap's error bar alone where the allocator tells nothing", () => {
    const controls = [figures(null, 0)]
    expect(onlyRow(atomic(null, MIB), { controls })).to.deep.include({
      uncertaintyBytes: RESOLUTION.heapBytes,
      uncertainty: { allocatedBytes: null, heapBytes: RESOLUTION.heapBytes, mappedBytes: null },
    })
  })

  const calm = [figures(0, 0), figures(0, 0)]
  const SIGNIFICANT: readonly [allocated: number | null, heap: number, significant: boolean][] = [
    [RESOLUTION.allocatedBytes, 0, false],
    [RESOLUTION.allocatedBytes + 1, 0, true],
    [0, RESOLUTION.heapBytes, false],
    [0, RESOLUTION.heapBytes + 1, true],
    [-RESOLUTION.allocatedBytes - 1, 0, true],
    [RESOLUTION.allocatedBytes + 1, -RESOLUTION.allocatedBytes - 1, true],
    [0, 0, false],
    [null, RESOLUTION.heapBytes, false],
    [null, RESOLUTION.heapBytes + 1, true],
  ]
  for (const [allocated, heap, significant] of SIGNIFICANT) {
    it(`with ${String(allocated)} and ${String(heap)} bytes is ${significant ? '' : 'not '}significant`, () => {
      expect(onlyRow(atomic(allocated, heap), { controls: calm }).significant).to.equal(significant)
    })
  }

  it('is significant in neither direction while its error bar is unknown', () => {
    expect(onlyRow(atomic(900 * MIB, 900 * MIB)).significant).to.equal(false)
  })

  it('of several turns is the step between its levels, and tells its first turn apart', () => {
    const row = onlyRow({
      kind: 'stepped',
      firstTurn: { before: figures(50, 9), after: figures(20, 9) },
      levelsBefore: levels(8, 0, 30 * MIB, 9 * MIB),
      levelsAfter: levels(8, 900, 10 * MIB, 8 * MIB),
    })
    expect(row).to.deep.include({
      window: 'drift-corrected',
      released: { allocatedBytes: 20 * MIB, heapBytes: MIB, mappedBytes: null, totalBytes: 21 * MIB },
      firstTurn: { allocatedBytes: 30, heapBytes: 0, mappedBytes: null, totalBytes: 30 },
      uncertainty: { allocatedBytes: RESOLUTION.allocatedBytes, heapBytes: RESOLUTION.heapBytes, mappedBytes: null },
      significant: true,
    })
  })

  it('of several turns with nothing on one side knows nothing: null, not zero', () => {
    const row = onlyRow({
      kind: 'stepped',
      firstTurn: { before: figures(50, 9), after: figures(20, 9) },
      levelsBefore: [],
      levelsAfter: levels(3, 0, MIB, MIB),
    })
    expect(row.released).to.deep.equal({ allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null })
    expect(row).to.include({ uncertaintyBytes: null, significant: false })
  })

  it('has no property for what it has not', () => {
    expect(onlyRow(atomic(1, 1))).to.not.have.any.keys('error', 'late', 'firstTurn')
  })
})

describe('memory that a cache claims and does not give back', () => {
  const claiming = (rest: Parameters<typeof measured>[2]): ReturnType<typeof buildReport> =>
    buildReport(run([measured('a', atomic(0, 0), { claimedBytes: 12 * MIB, ...rest })]))

  it('is told, but not where no collection followed the release: it may be garbage still', () => {
    const codes = (['forced', 'none'] as const).map((gc) => claiming({ gc }).warnings.map(({ code }) => code))
    expect(codes).to.deep.equal([['WARN_CLAIM_CONTRADICTED'], []])
    // In a twin nothing says so: there it is always collected.
    expect(claiming({}).warnings).to.have.lengthOf(1)
  })

  it('leaves the kind of collection out of the row', () => {
    expect(claiming({ gc: 'none' }).caches[0]).to.not.have.property('gc')
  })
})

describe('the noise of a run', () => {
  it('is unknown without controls', () => {
    expect(noiseOfControls([])).to.deep.equal({ controls: 0, allocatedBytes: null, heapBytes: null, mappedBytes: null })
  })

  it('is unknown in the quantity that the allocator lacks', () => {
    expect(noiseOfControls([figures(null, 5), figures(null, 6)])).to.deep.equal({
      controls: 2,
      allocatedBytes: null,
      heapBytes: RESOLUTION.heapBytes,
      mappedBytes: null,
    })
  })
})

describe('the difference of two readings', () => {
  it('is unknown where either is', () => {
    expect(difference(figures(null, 5), figures(3, 2))).to.deep.equal({
      allocatedBytes: null,
      heapBytes: 3,
      mappedBytes: null,
    })
    expect(difference(figures(3, 5), figures(null, 9))).to.deep.equal({
      allocatedBytes: null,
      heapBytes: -4,
      mappedBytes: null,
    })
  })
})

describe('the floor', () => {
  it('is what was there before, less what every row gave back', () => {
    const report = buildReport(run([measured('a', atomic(50 * MIB, -MIB)), measured('b', { kind: 'none' })]))
    expect(report.floor).to.deep.equal({ allocatedBytes: 250 * MIB, heapBytes: 101 * MIB, mappedBytes: null })
  })

  it('is unknown in the quantity that the allocator lacks', () => {
    const report = buildReport(
      run([measured('a', atomic(null, MIB))], { head: head(sample(null, 9 * MIB), sample(null, 8 * MIB)) }),
    )
    expect(report.floor).to.deep.equal({ allocatedBytes: null, heapBytes: 8 * MIB, mappedBytes: null })
  })
})

describe('late bytes', () => {
  /** A gap whose end is the lowest level so far, by as much as it fell, unless told otherwise. */
  const gap = (
    cache: string | readonly string[] | null,
    allocated: number | null,
    heap = 0,
    newLow = figures(allocated, heap),
  ): LateGap => ({
    caches: cache === null ? [] : typeof cache === 'string' ? [cache] : cache,
    change: figures(allocated, heap),
    newLow,
  })
  const quiet = Array.from({ length: 9 }, (_, index) => gap(String(index), 100))
  const calm = [figures(0, 0), figures(0, 0)]

  function lateRow(...gaps: LateGap[]): ReturnType<typeof buildReport>['caches'][number] {
    const report = buildReport(run([measured('a', atomic(MIB, 0), { controls: calm })], { gaps }))
    const [row] = report.caches
    if (row === undefined) throw new Error('no row')
    expect(report.warnings.map(({ code, cache }) => [code, cache])).to.deep.equal(
      row.late === undefined ? [] : [['WARN_LATE_BYTES', 'a']],
    )
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    expect(row.released.heapBytes).to.equal(row.late?.heapBytes ?? 0)
    expect(row.released.allocatedBytes).to.equal(MIB + (row.late?.allocatedBytes ?? 0))
    return row
  }

  it('are what went after one release and stands out; they are part of its row, and of no other figure', () => {
    const bytes = 5 * MIB - 100
    const row = lateRow(...quiet, gap('a', 5 * MIB))
    expect(row.late).to.deep.equal({ allocatedBytes: bytes, heapBytes: 0, mappedBytes: null, totalBytes: bytes })
    expect(row.released.totalBytes).to.equal(MIB + bytes)
    const { floor, unattributed } = buildReport(
      run([measured('a', atomic(MIB, 0))], { gaps: [...quiet, gap('a', 5 * MIB)] }),
    )
    expect(floor.allocatedBytes).to.equal(299 * MIB - bytes)
    expect(unattributed.allocatedBytes).to.equal(199 * MIB - bytes)
  })

  it("widen the row's error bar by the noise of the other gaps, in the quantity that was late", () => {
    const changes = [300_000, -300_000, 300_000, -300_000]
    const others = changes.map((change, index) => gap(index % 2 === 0 ? null : String(index), change))
    const { uncertainty } = lateRow(...others, gap('b', 0), gap('a', 40 * MIB))
    // The median of all six is 150,000.
    const known = [150_000, -450_000, 150_000, -450_000, -150_000]
    const root = Math.sqrt(known.reduce((sum, each) => sum + each ** 2, 0) / known.length)
    expect(uncertainty.allocatedBytes).to.be.closeTo(Math.hypot(RESOLUTION.allocatedBytes, 2.57 * root), 2)
    expect(uncertainty.heapBytes).to.equal(RESOLUTION.heapBytes)
  })

  it('of another cache leave the error bar as it is; what went behind a control does not', () => {
    const caches = [measured('a', atomic(MIB, 0), { controls: calm }), measured('b', atomic(MIB, 0))]
    const widthAfter = (cache: string | null): number => {
      const gaps = [...quiet, gap('a', 5 * MIB), gap(cache, 6 * MIB)]
      return buildReport(run(caches, { gaps })).caches[0]?.uncertainty.allocatedBytes ?? NaN
    }
    expect(widthAfter('b')).to.be.lessThan(RESOLUTION.allocatedBytes + KIB)
    expect(widthAfter(null)).to.be.greaterThan(MIB)
  })

  it('leave a row without any exactly as it was', () => {
    const caches = [
      measured('a', atomic(MIB, 0), { controls: calm }),
      measured('b', atomic(MIB, 7), { controls: calm }),
    ]
    const late = buildReport(run(caches, { gaps: [...quiet, gap('a', 5 * MIB)] }))
    expect(late.caches[1]).to.deep.equal(buildReport(run(caches)).caches[1])
    expect(late.caches[0]).to.not.deep.equal(buildReport(run(caches)).caches[0])
  })

  it('make a row significant whose window showed nothing', () => {
    const significant = (gaps: readonly LateGap[]): boolean | undefined =>
      buildReport(run([measured('a', atomic(0, 0), { controls: calm })], { gaps })).caches[0]?.significant
    expect([significant(quiet), significant([...quiet, gap('a', 5 * MIB)])]).to.deep.equal([false, true])
  })

  it('behind a turn that caches share stay unattributed, widen the error bar of each, and are said to be of neither', () => {
    const names = ['a', 'b', 'c']
    const caches = names.map((name) => measured(name, atomic(MIB, 0), { controls: calm }))
    const report = buildReport(run(caches, { gaps: [...quiet, gap(['a', 'b'], 5 * MIB)] }))
    const bytes = 5 * MIB - 100
    expect(report.caches.map(({ released }) => released.allocatedBytes)).to.deep.equal([MIB, MIB, MIB])
    expect(report.caches.every((each) => !('late' in each))).to.equal(true)
    expect(report.caches.map(({ significant }) => significant)).to.deep.equal([false, false, true])
    const wide = Math.ceil(Math.hypot(RESOLUTION.allocatedBytes, bytes))
    expect(report.caches.map(({ uncertainty }) => uncertainty.allocatedBytes)).to.deep.equal([
      wide,
      wide,
      RESOLUTION.allocatedBytes,
    ])
    expect(report.unattributed.allocatedBytes).to.equal(197 * MIB)
    const [warning] = report.warnings
    expect(warning).to.include({ code: 'WARN_LATE_BYTES' }).and.not.have.property('cache')
    expect(warning?.message).to.match(/^about 5\.00 MiB were freed .* releases of "a", "b", which shared a turn/)
  })

  it('of many caches in one turn name only some of them', () => {
    const names = Array.from({ length: 300 }, (_, index) => `cache ${String(index)}`)
    const { warnings } = buildReport(run([], { gaps: [...quiet, gap(names, 5 * MIB)] }))
    expect(warnings.map(({ message }) => message.match(/"cache \d+"/g)?.length)).to.deep.equal([5])
    expect(warnings[0]?.message).to.contain('"cache 4" and 295 more')
  })

  it('add nothing to what a row does not know, and are not told of it then', () => {
    const row = buildReport(run([measured('a', atomic(null, 5))], { gaps: [...quiet, gap('a', 5 * MIB)] }))
    expect(row.caches[0]?.released).to.deep.equal({
      allocatedBytes: null,
      heapBytes: 5,
      mappedBytes: null,
      totalBytes: null,
    })
    expect(row.caches[0]).to.not.have.property('late')
    expect(row.warnings).to.deep.equal([])
  })

  it('leave the error bar unknown without controls', () => {
    const gaps = [...quiet, gap('a', 5 * MIB)]
    expect(buildReport(run([measured('a', atomic(MIB, 0))], { gaps })).caches[0]?.uncertaintyBytes).to.equal(null)
  })

  const batched: Measurement = {
    kind: 'batched',
    windows: [0, 0].map(() => ({ before: figures(MIB, 0), after: figures(0, 0) })),
  }
  const trimPart = (entriesBefore: number): TrimmedPart => ({
    choice: 'random',
    share: 0.1,
    entriesBefore,
    entriesAfter: entriesBefore - 100,
    claimedBefore: null,
    claimedAfter: null,
  })

  /** The row of a cache of 1,000 entries of which two tenths were dropped, a MiB each, and so much went late in each turn. */
  function trimmedRow(
    trimmed: readonly (TrimmedPart | null)[],
    ...late: number[]
  ): ReturnType<typeof buildReport>['caches'][number] {
    const gaps = [...quiet, ...late.map((bytes) => gap('a', bytes + 100, 0, figures(bytes, 0)))]
    const report = buildReport(run([measured('a', batched, { status: 'trimmed', controls: calm, trimmed })], { gaps }))
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    const [row] = report.caches
    if (row === undefined) throw new Error('no row')
    return row
  }

  it('of a trim count in its estimate, from every one of its turns, and may be off by all of them', () => {
    const [without, row] = [
      trimmedRow([trimPart(1000), trimPart(900)]),
      trimmedRow([trimPart(1000), trimPart(900)], 3 * MIB, 5 * MIB),
    ]
    expect(without.estimated?.allocatedBytes).to.equal(10 * MIB)
    expect(row.released.allocatedBytes).to.equal(10 * MIB)
    expect(row.late?.allocatedBytes).to.equal(8 * MIB)
    expect(row.estimated?.allocatedBytes).to.equal(50 * MIB)
    expect(without.estimatedUncertaintyBytes).to.be.lessThan(MIB)
    expect(row.estimatedUncertaintyBytes).to.be.within(40 * MIB, 41 * MIB)
  })

  it('of a trim with a part that failed count by half in the estimate, and wholly in what was released', () => {
    const row = trimmedRow([trimPart(1000), null], 8 * MIB)
    expect(row.released.allocatedBytes).to.equal(10 * MIB)
    expect(row.estimated?.allocatedBytes).to.equal(50 * MIB)
  })

  it('are no more than the level fell below every one before', () => {
    expect(lateRow(...quiet, gap('a', 5 * MIB, 0, figures(2 * MIB, 0))).late?.allocatedBytes).to.equal(2 * MIB)
    expect(lateRow(...quiet, gap('a', 5 * MIB, 0, figures(-MIB, 0)))).to.not.have.property('late')
  })

  it('are none when they came back by the next reading', () => {
    expect(lateRow(...quiet, gap('a', 5 * MIB), gap('b', -4 * MIB))).to.not.have.property('late')
  })

  it("of a control, or of memory that came, are nobody's", () => {
    expect(lateRow(...quiet, gap(null, 5 * MIB), gap('a', -5 * MIB))).to.not.have.property('late')
  })

  it('are none where every gap is like the others', () => {
    expect(lateRow(...Array.from({ length: 9 }, () => gap('a', 5 * MIB)))).to.not.have.property('late')
  })

  it('are known of the heap alone without an allocator', () => {
    const gaps = [...quiet.map(({ caches }) => gap(caches, null)), gap('a', null, 9 * MIB)]
    const report = buildReport(run([measured('a', atomic(null, MIB))], { gaps }))
    expect(report.caches[0]?.released.heapBytes).to.equal(10 * MIB)
    expect(report.caches[0]?.late).to.deep.equal({
      allocatedBytes: null,
      heapBytes: 9 * MIB,
      mappedBytes: null,
      totalBytes: null,
    })
  })
})
