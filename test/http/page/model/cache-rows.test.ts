import { expect } from 'chai'
import {
  bytesPerEntry,
  filterRows,
  joinRows,
  ratioToClaim,
  sortRows,
} from '../../../helpers/internals/http-page-model.js'
import type { CacheRow, LiveRows } from '../../../helpers/internals/http-page-model.js'
import type { AttributionReport } from '../../../../src/index.js'
import { cacheViews, reportOf, unknownCacheView } from '../fixtures/fake-data.js'

const STARTED = '2026-11-24T12:00:00.000Z'
const report = reportOf({ id: 'a', startedAt: STARTED })

function rowNamed(rows: readonly CacheRow[], name: string): CacheRow {
  const row = rows.find((candidate) => candidate.name === name)
  if (row === undefined) throw new Error(`no row ${name}`)
  return row
}

function withFirstRow(change: Partial<AttributionReport['caches'][number]>): AttributionReport {
  return { ...report, caches: report.caches.map((row, index) => (index === 0 ? { ...row, ...change } : row)) }
}

describe('rows of the page', () => {
  it('are unmeasured before the first run, and keep what the caches claim', () => {
    const row = rowNamed(joinRows(cacheViews(), null, null), 'files')
    expect(row).to.include({ state: 'unmeasured', bytes: null, uncertaintyBytes: null, entries: 6993 })
    expect(row.claimedBytes).to.be.greaterThan(40 * 1024 * 1024)
  })

  it('carry what the report measured, and when the run ended', () => {
    const row = rowNamed(joinRows(cacheViews(), report, null), 'compressed')
    expect(row).to.include({ state: 'measured', measuredAt: '2026-11-24T12:00:01.190Z' })
    expect(row.bytes).to.equal((row.allocatedBytes ?? 0) + (row.heapBytes ?? 0))
  })

  it('say so where a figure is within the noise', () => {
    expect(rowNamed(joinRows(cacheViews(), report, null), 'dns').state).to.equal('within-noise')
  })

  it('take the heap alone where the allocator tells nothing, and stay null where nothing is known', () => {
    const noAllocator = withFirstRow({
      released: { allocatedBytes: null, heapBytes: 512, mappedBytes: null, totalBytes: null },
    })
    expect(rowNamed(joinRows(cacheViews(), noAllocator, null), 'compressed').bytes).to.equal(512)
    const nothing = withFirstRow({
      released: { allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null },
    })
    expect(rowNamed(joinRows(cacheViews(), nothing, null), 'compressed').bytes).to.equal(null)
  })

  it('show the estimate of a trimmed cache with its own error', () => {
    const estimated = { allocatedBytes: 900, heapBytes: 100, mappedBytes: null, totalBytes: 1000 }
    const trimmed = withFirstRow({ status: 'trimmed', estimated, estimatedUncertaintyBytes: 70 })
    const row = rowNamed(joinRows(cacheViews(), trimmed, null), 'compressed')
    expect(row).to.include({ state: 'estimated', bytes: 1000, uncertaintyBytes: 70 })
  })

  it('do not take what a trim dropped that failed for the whole', () => {
    const error = { code: 'ERR_RELEASE_FAILED', message: 'no more' } as const
    const failed: AttributionReport = { ...withFirstRow({ status: 'failed', error }), mode: 'trim' }
    const row = rowNamed(joinRows(cacheViews(), failed, null), 'compressed')
    expect(row).to.include({ state: 'failed', bytes: null, uncertaintyBytes: null, heapBytes: null, error })
  })

  it('keep a negative figure', () => {
    const negative = withFirstRow({
      released: { allocatedBytes: -64, heapBytes: 0, mappedBytes: null, totalBytes: -64 },
    })
    expect(rowNamed(joinRows(cacheViews(), negative, null), 'compressed').bytes).to.equal(-64)
  })

  it('fall back on what an earlier run found where this one skipped the cache', () => {
    const skipped = withFirstRow({ status: 'skipped', error: { code: 'ERR_RELEASE_UNNAMED', message: 'lossy' } })
    const last = {
      allocatedBytes: 700,
      heapBytes: 0,
      mappedBytes: null,
      totalBytes: 700,
      uncertaintyBytes: 9,
      reportId: 'z',
    }
    const views = cacheViews().map((view) => ({
      ...view,
      lastMeasured: { ...last, measuredAt: '2026-11-24T11:00:00.000Z' },
    }))
    const row = rowNamed(joinRows(views, skipped, null), 'compressed')
    expect(row).to.include({ state: 'measured', bytes: 700, measuredAt: '2026-11-24T11:00:00.000Z' })
  })

  it('prefer what a later run found to the report that is shown', () => {
    const last = {
      allocatedBytes: 700,
      heapBytes: 0,
      mappedBytes: null,
      totalBytes: 700,
      uncertaintyBytes: 9,
      reportId: 'z',
    }
    const views = cacheViews().map((view) => ({
      ...view,
      lastMeasured: { ...last, measuredAt: '2026-11-24T13:00:00.000Z' },
    }))
    expect(rowNamed(joinRows(views, report, null), 'compressed').bytes).to.equal(700)
  })

  it('keep a cache that was unregistered since, at the end of the list', () => {
    const rows = joinRows(cacheViews().slice(1), report, null)
    expect(rows.at(-1)).to.include({ name: 'compressed', view: null, entries: 4355 })
  })

  it('wait, and fill as the run comes to them', () => {
    const live: LiveRows = {
      planned: new Set(['compressed', 'files', 'dns']),
      done: new Map([
        ['compressed', { kind: 'released', allocatedBytes: 10, heapBytes: 5, mappedBytes: null }],
        ['dns', { kind: 'failed', status: 'timed-out', error: { code: 'ERR_RELEASE_TIMEOUT', message: 'late' } }],
      ]),
      isTrim: false,
    }
    const rows = joinRows(cacheViews(), null, live)
    expect(rowNamed(rows, 'compressed')).to.include({ state: 'just-measured', bytes: 15, uncertaintyBytes: null })
    expect(rowNamed(rows, 'files').state).to.equal('waiting')
    expect(rowNamed(rows, 'dns')).to.include({ state: 'timed-out', bytes: null })
    expect(rowNamed(rows, 'documents').state).to.equal('unmeasured')
  })

  it('do not take the dropped part of a trim for the whole', () => {
    const done = new Map([
      ['files', { kind: 'released', allocatedBytes: 10, heapBytes: 5, mappedBytes: null } as const],
    ])
    const row = rowNamed(joinRows(cacheViews(), null, { planned: new Set(['files']), done, isTrim: true }), 'files')
    expect(row).to.include({ state: 'just-measured', bytes: null })
  })

  it('are sorted by size, the unknown last by their claims, ties by name', () => {
    const views = [unknownCacheView('b'), unknownCacheView('a'), ...cacheViews().slice(0, 3)]
    const names = sortRows(joinRows(views, reportOf({ id: 'x', views: cacheViews().slice(0, 2) }), null), 'bytes')
    expect(names.map(({ name }) => name)).to.deep.equal(
      ['compressed', 'files', 'a', 'b', 'sqlite pages'].toSorted((x, y) => order(x) - order(y)),
    )
  })

  it('are sorted by name, claim, entries and age', () => {
    const rows = joinRows(cacheViews(), report, null)
    expect(sortRows(rows, 'name')[0]?.name).to.equal('compressed')
    expect(sortRows(rows, 'claimed')[0]?.name).to.equal('files')
    expect(sortRows(rows, 'entries')[0]?.name).to.equal('sessions')
    expect(sortRows(rows, 'age')).to.have.length(rows.length)
  })

  it('are found by words of their name, whatever the case', () => {
    expect(filterRows(joinRows(cacheViews(), null, null), ' FRAG ').map(({ name }) => name)).to.deep.equal([
      'rendered fragments',
    ])
  })

  it('are held against what was claimed when they were measured', () => {
    const rows = joinRows(cacheViews(), report, null)
    expect(ratioToClaim(rowNamed(rows, 'compressed'))).to.be.closeTo(4.53, 0.01)
    expect(ratioToClaim(rowNamed(rows, 'sqlite pages'))).to.equal(null)
    expect(ratioToClaim(rowNamed(rows, 'dns'))).to.equal(null)
  })

  it('have bytes per entry where both are known and significant', () => {
    const rows = joinRows(cacheViews(), report, null)
    expect(bytesPerEntry(rowNamed(rows, 'compressed'))).to.be.closeTo(11_720, 10)
    expect(bytesPerEntry(rowNamed(rows, 'dns'))).to.equal(null)
    const unsure = { ...rowNamed(rows, 'compressed'), uncertaintyBytes: 1e12 }
    expect([bytesPerEntry(unsure), ratioToClaim(unsure)]).to.deep.equal([null, null])
  })
})

/** Measured by size, then by claim (none of these three has one), then by name. */
function order(name: string): number {
  return ['compressed', 'files', 'a', 'b', 'sqlite pages'].indexOf(name)
}
