/** The whole of it, in processes of their own under a real allocator. */
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { buildAddon } from '../helpers/native.js'
import { thoroughSuite } from '../helpers/thorough.js'
import type { AsyncReleaseResult } from './fixtures/async-release.js'
import type { KnownCachesResult } from './fixtures/known-caches.js'
import type { LateFreeResult } from './fixtures/late-free.js'
import type { NaturalGcResult } from './fixtures/natural-gc.js'
import type { UnavailableResult } from './fixtures/unavailable.js'
import type { WorkerResult } from './fixtures/worker.js'
import { KIB, MIB, remainderOf, rowOf, warningsOf } from './world.js'

/** The allocator's part, in both kinds of rows. */
function measuredOf(report: KnownCachesResult['report'], name: string): number {
  const { allocatedBytes, heapBytes } = rowOf(report, name).released
  return (name.startsWith('buffers') ? allocatedBytes : heapBytes) ?? NaN
}

for (const [allocator, preload] of [
  ['jemalloc', 'jemalloc'],
  ['glibc', 'none'],
] as const) {
  const suite = allocator === 'jemalloc' ? describe : thoroughSuite
  suite(`a real run under ${allocator}`, () => {
    let result: KnownCachesResult
    before(async function () {
      if (preload === 'jemalloc') needsJemalloc(this)
      else if (process.platform !== 'linux') this.skip()
      result = await runFixture<KnownCachesResult>('coordinator/fixtures/known-caches', { preload })
    })

    it('reads that allocator', () => {
      expect(result.report.process.allocator.name).to.equal(allocator)
    })

    for (const kind of ['buffers', 'objects']) {
      it(`attributes known caches of ${kind} within 1 %, in turns of their own and in shared ones`, () => {
        const names = Object.keys(result.truth).filter((name) => name.startsWith(kind))
        expect(names).to.have.length.greaterThan(1)
        for (const report of [result.report, result.shared]) {
          for (const name of names) {
            const truth = result.truth[name] ?? NaN
            const slack = allocator === 'glibc' && kind === 'buffers' ? 64 * KIB : 8 * KIB
            expect(measuredOf(report, name), name).to.be.closeTo(truth, 0.01 * truth + slack)
            expect(rowOf(report, name), name).to.include({ significant: true, window: 'atomic', status: 'released' })
          }
        }
      })
    }

    it('adds up', () => {
      for (const report of [result.report, result.shared]) {
        expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
      }
    })

    it('releases all caches of a generous budget in few turns', () => {
      expect(result.shared.pauses.count).to.be.lessThan(result.report.pauses.count)
    })

    it('measures memory that the release itself frees without a collection', () => {
      const row = rowOf(result.report, 'native')
      const { how, least, most } = result.native
      expect(row.released.allocatedBytes, how).to.be.within(least, most)
      expect(row.pauseMs).to.be.lessThan(150)
    })

    it('shows for how long a release blocked the loop', () => {
      expect(result.blockedMs).to.be.at.least(499)
      const row = rowOf(result.report, 'blocking')
      expect(row.pauseMs).to.be.at.least(result.blockedMs)
      expect(result.report.pauses.longestMs).to.be.at.least(row.pauseMs)
      expect(row.released.allocatedBytes).to.be.closeTo(0, 64 * KIB)
    })

    it('leaves no timer, no handle and no request', () => {
      const [before, after, closed] = result.resources
      expect(after).to.deep.equal(before)
      expect(closed).to.deep.equal(before)
    })
  })
}

describe('a real asynchronous release', () => {
  let result: AsyncReleaseResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<AsyncReleaseResult>('coordinator/fixtures/async-release', { preload: 'jemalloc' })
  })

  it('is known within its own error bar while other memory comes and goes', () => {
    // One in twenty may be off: two of four must hold, and none may be far off.
    const rows = result.reports.map((report) => rowOf(report, 'slow'))
    const errors = rows.map(({ released }) => Math.abs((released.allocatedBytes ?? NaN) - result.truth))
    const held = rows.filter(({ uncertainty }, index) => (errors[index] ?? NaN) <= (uncertainty.allocatedBytes ?? 0))
    expect(held.length, JSON.stringify(rows)).to.be.at.least(2)
    expect(Math.max(...errors)).to.be.lessThan(3 * MIB)
  })

  it('has an error bar that is of use', () => {
    for (const report of result.reports) {
      const { uncertaintyBytes, significant, window, entriesAfter } = rowOf(report, 'slow')
      expect(uncertaintyBytes).to.be.within(8 * KIB, 4 * MIB)
      expect({ significant, window, entriesAfter }).to.deep.equal({
        significant: true,
        window: 'drift-corrected',
        entriesAfter: 0,
      })
    }
  })

  it('is read to the byte as far as its first turn went', () => {
    for (const report of result.reports) {
      expect(rowOf(report, 'slow').firstTurn?.allocatedBytes).to.be.closeTo(result.truth / 2, 0.02 * result.truth)
    }
  })

  it('adds up', () => {
    for (const report of result.reports) expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })
})

describe('memory that goes late', () => {
  let result: LateFreeResult
  before(async function () {
    needsJemalloc(this)
    const addon = buildAddon(this, 'late-free')
    result = await runFixture<LateFreeResult>('coordinator/fixtures/late-free', { preload: 'jemalloc', args: [addon] })
  })

  const warned = (): (string | undefined)[] =>
    result.report.warnings.filter(({ code }) => code === 'WARN_LATE_BYTES').map(({ cache }) => cache)

  it('is part of the row, with a warning, where a timer drops it', () => {
    const row = rowOf(result.report, 'timer')
    expect(row.late?.allocatedBytes).to.be.closeTo(result.timerBytes, 0.05 * result.timerBytes)
    const { allocatedBytes } = row.released
    expect(allocatedBytes).to.be.closeTo(result.timerBytes, Math.max(64 * KIB, row.uncertainty.allocatedBytes ?? 0))
    expect(allocatedBytes).to.be.closeTo(row.late?.allocatedBytes ?? 0, 64 * KIB)
    expect(row.uncertainty.allocatedBytes).to.be.lessThan(0.1 * result.timerBytes)
    expect(row.significant).to.equal(true)
    expect(warned()).to.include('timer')
  })

  it('is not late where a finalizer frees it: that runs in the window', () => {
    const row = rowOf(result.report, 'addon')
    expect(row.released.allocatedBytes).to.be.closeTo(result.addonBytes, 64 * KIB)
    expect(row.late).to.equal(undefined)
    expect(warned()).to.not.include('addon')
  })

  it("is nobody else's, but for what V8 itself may drop at any time", () => {
    for (const { name, late } of result.report.caches.filter((row) => row.name.startsWith('quiet'))) {
      expect(late?.allocatedBytes ?? 0, name).to.be.lessThan(MIB)
    }
    expect(remainderOf(result.report)).to.deep.equal({ allocated: 0, heap: 0 })
  })
})

describe("V8's own collections", () => {
  let result: NaturalGcResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<NaturalGcResult>('coordinator/fixtures/natural-gc', { preload: 'jemalloc' })
  })

  it('are enough for a row within its error bar', () => {
    const { released, uncertainty, window, status } = rowOf(result.report, 'files')
    expect({ window, status }).to.deep.equal({ window: 'drift-corrected', status: 'released' })
    const error = Math.abs((released.allocatedBytes ?? NaN) - result.truth)
    expect(error).to.be.at.most(Math.max(uncertainty.allocatedBytes ?? 0, 0.02 * result.truth))
  })

  it('come without a forced major one', () => {
    expect(result.forced).to.equal(0)
    expect(warningsOf(result.report)).to.not.include('WARN_NO_NATURAL_GC')
  })
})

describe('a worker thread', () => {
  let result: WorkerResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<WorkerResult>('coordinator/fixtures/worker', { preload: 'jemalloc' })
  })

  it('measures its own caches, and says where it did', () => {
    expect(warningsOf(result.inWorker)).to.include('WARN_WORKER_THREAD')
    expect(rowOf(result.inWorker, 'buffers').released.allocatedBytes).to.be.closeTo(100 * 65_536, 256 * KIB)
    expect(rowOf(result.inWorker, 'objects').released.heapBytes).to.be.within(4000 * 500, 4000 * 700)
    expect(remainderOf(result.inWorker)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('keeps the other threads from measuring meanwhile', () => {
    expect(result.meanwhile).to.equal('ERR_RUN_IN_PROGRESS')
  })

  it('that is terminated in the middle of a run gives the lock back', () => {
    expect(result.afterTermination.caches).to.deep.equal([])
  })
})

describe('a process without allocator statistics', () => {
  let result: UnavailableResult
  before(async () => (result = await runFixture<UnavailableResult>('coordinator/fixtures/unavailable')))

  it('has the heap, and null for the allocator: never 0', () => {
    const { before, after, unattributed, noise, caches } = result.report
    for (const unknown of [before.allocatedBytes, after.epoch, before.residentBytes, unattributed.allocatedBytes]) {
      expect(unknown).to.equal(null)
    }
    expect(noise).to.include({ controls: 4, allocatedBytes: null })
    for (const { released, uncertainty } of caches) {
      expect(released).to.include({ allocatedBytes: null, totalBytes: null })
      expect(uncertainty.allocatedBytes).to.equal(null)
    }
    expect(rowOf(result.report, 'objects').released.heapBytes).to.be.within(4000 * 500, 4000 * 700)
    expect(rowOf(result.report, 'objects').significant).to.equal(true)
  })

  it('says so, with the reason', () => {
    expect(result.report.warnings).to.deep.include({
      code: 'WARN_ALLOCATOR_UNAVAILABLE',
      message: 'only V8 figures were measured: chosen by option',
    })
  })

  it('is shown with – for what is unknown', () => {
    expect(result.text).to.match(/^objects +2\.\d\d MiB /m)
    expect(result.text).to.match(/^unattributed {2}– allocator, /m)
    expect(result.text.replaceAll('null releases', '')).to.not.match(/null|NaN|undefined/)
  })
})
