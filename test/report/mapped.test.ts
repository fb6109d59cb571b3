/** The third quantity in a report: what V8 maps itself. Literals in, literals out. */
import { expect } from 'chai'
import type { Figures } from '../helpers/internals/measure.js'
import { buildReport, RESOLUTION, estimateWhole, knownBytes, withTotal } from '../helpers/internals/report.js'
import type { MeasuredRun, Measurement } from '../helpers/internals/report.js'
import { formatReport } from '../../src/index.js'
import { head, measured, sample } from './reports.js'

const MIB = 1024 * 1024
const QUIET: readonly Figures[] = Array.from({ length: 4 }, () => ({ allocatedBytes: 0, heapBytes: 0, mappedBytes: 0 }))

function level(allocated: number, heap: number, mapped: number | null): Figures {
  return { allocatedBytes: allocated, heapBytes: heap, mappedBytes: mapped }
}

function atomic(before: Figures, after: Figures): Measurement {
  return { kind: 'atomic', before, after }
}

function run(beforeMapped: number | null, afterMapped: number | null, windows: readonly Measurement[]): MeasuredRun {
  return {
    head: head(
      { ...sample(200 * MIB, 60 * MIB), mappedBytes: beforeMapped },
      { ...sample(190 * MIB, 55 * MIB), mappedBytes: afterMapped },
    ),
    controls: QUIET,
    caches: windows.map((window, index) => measured(`cache ${String(index)}`, window, { controls: QUIET })),
    gaps: [],
    warnings: [],
  }
}

describe('mapped bytes in a report', () => {
  const models = atomic(level(200 * MIB, 60 * MIB, 100 * MIB), level(200 * MIB, 60 * MIB - 2048, 20 * MIB))
  const frames = atomic(level(200 * MIB, 60 * MIB, 20 * MIB), level(199 * MIB, 60 * MIB, 0))

  it('are part of the total, and make a row significant by themselves', () => {
    const [row] = buildReport(run(100 * MIB, 0, [models])).caches
    expect(row?.released).to.deep.equal({
      allocatedBytes: 0,
      heapBytes: 2048,
      mappedBytes: 80 * MIB,
      totalBytes: 80 * MIB + 2048,
    })
    expect(row?.significant).to.equal(true)
    expect(row?.uncertainty.mappedBytes).to.equal(RESOLUTION.mappedBytes)
  })

  it('add up: rows + unattributed = before − after', () => {
    const { before, after, caches, unattributed, floor } = buildReport(run(100 * MIB, 3 * MIB, [models, frames]))
    const rows = caches.reduce((sum, { released }) => sum + (released.mappedBytes ?? NaN), 0)
    expect(rows + (unattributed.mappedBytes ?? NaN)).to.equal((before.mappedBytes ?? 0) - (after.mappedBytes ?? 0))
    expect(unattributed.mappedBytes).to.equal(-3 * MIB)
    expect(floor.mappedBytes).to.equal(0)
  })

  it('are null, and never 0, where they cannot be read; the total is then of the other two', () => {
    const blind = atomic(level(200 * MIB, 60 * MIB, null), level(190 * MIB, 60 * MIB, null))
    const { caches, unattributed, floor } = buildReport(run(null, null, [blind]))
    expect(caches[0]?.released).to.include({ mappedBytes: null, totalBytes: 10 * MIB })
    expect(caches[0]?.uncertaintyBytes).to.be.greaterThan(0)
    expect([unattributed.mappedBytes, floor.mappedBytes]).to.deep.equal([null, null])
  })

  it('of one window that could not be read leave the others and the balance as they are', () => {
    const blind = atomic(level(200 * MIB, 60 * MIB, 100 * MIB), level(190 * MIB, 60 * MIB, null))
    const { caches, unattributed } = buildReport(run(100 * MIB, 0, [blind, frames]))
    expect(caches.map(({ released }) => released.mappedBytes)).to.deep.equal([null, 20 * MIB])
    expect(unattributed.mappedBytes).to.equal(80 * MIB)
  })

  it('of a trim are scaled up as the others are', () => {
    const part = { choice: 'random', share: 0.25, claimedBefore: null, claimedAfter: null } as const
    const { estimated } = estimateWhole(
      [
        { ...part, entriesBefore: 100, entriesAfter: 75, change: level(0, 0, 20 * MIB) },
        { ...part, entriesBefore: 75, entriesAfter: 50, change: level(0, 0, 20 * MIB) },
      ],
      { allocatedBytes: 0, heapBytes: 0, mappedBytes: 4096 },
    )
    expect(estimated.mappedBytes).to.equal(80 * MIB)
    expect(estimated.totalBytes).to.be.closeTo(80 * MIB, 100 * 120)
  })

  it('have a column where something is mapped, and none elsewhere', () => {
    const text = formatReport(buildReport(run(100 * MIB, 0, [models, frames])), { color: false })
    expect(text).to.match(/^cache .* JS heap +mapped /m)
    expect(text).to.match(/^floor .* mapped held by no cache, of .+, .+, .+$/m)
    const none = atomic(level(200 * MIB, 60 * MIB, 0), level(190 * MIB, 60 * MIB, 0))
    expect(formatReport(buildReport(run(0, 0, [none])), { color: false })).not.to.contain('mapped')
    const unknown = atomic(level(200 * MIB, 60 * MIB, null), level(190 * MIB, 60 * MIB, null))
    expect(formatReport(buildReport(run(null, null, [unknown])), { color: false })).not.to.contain('mapped')
  })
})

describe('a total', () => {
  it('needs the allocator and the heap; mapped bytes count where they are known', () => {
    expect(withTotal(level(1, 2, 4)).totalBytes).to.equal(7)
    expect(withTotal(level(1, 2, null)).totalBytes).to.equal(3)
    const noAllocator = withTotal({ allocatedBytes: null, heapBytes: 2, mappedBytes: 4 })
    expect(noAllocator.totalBytes).to.equal(null)
    expect(knownBytes(noAllocator)).to.equal(6)
  })
})
