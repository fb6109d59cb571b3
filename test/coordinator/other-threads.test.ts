import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { OtherThreadsResult } from './fixtures/other-threads.js'
import { KIB, MIB, rowOf, warningsOf } from './world.js'

const HELD_BYTES = 100 * (65_536 + 144)

describe('a live window beside other threads', function () {
  this.timeout(60_000)
  let result: OtherThreadsResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('coordinator/fixtures/other-threads', { preload: 'jemalloc', timeoutMs: 55_000 })
  })

  for (const thread of ['byMain', 'byWorker'] as const) {
    describe(thread === 'byMain' ? 'of the main thread' : 'of a worker', () => {
      it('counts them, and is exact where they do nothing', () => {
        const { released, uncertainty, otherThreads } = rowOf(result[thread].release, 'quiet')
        expect(released.allocatedBytes).to.be.closeTo(HELD_BYTES, 256 * KIB)
        expect(uncertainty.allocatedBytes).to.be.below(256 * KIB)
        expect(otherThreads?.count).to.equal(thread === 'byMain' ? 2 : 3)
        expect(otherThreads?.allocatedBytes).to.be.within(0, 256 * KIB)
      })

      it('says what they allocated meanwhile, and has it in its ±', () => {
        const { released, uncertainty, otherThreads } = rowOf(result[thread].release, 'allocates')
        expect(otherThreads?.allocatedBytes).to.be.within(20 * MIB, 21 * MIB)
        expect(released.allocatedBytes).to.be.closeTo(HELD_BYTES - 20 * MIB, MIB)
        expect(uncertainty.allocatedBytes).to.be.within(19 * MIB, 22 * MIB)
        // The bytes that such a cache gives back beside no other allocation has an error of its own.
        const quiet = rowOf(result[thread].release, 'quiet')
        const off = Math.abs((released.allocatedBytes ?? NaN) - (quiet.released.allocatedBytes ?? NaN))
        expect(off).to.be.at.most((uncertainty.allocatedBytes ?? 0) + (quiet.uncertainty.allocatedBytes ?? 0))
        const messages = result[thread].release.warnings.filter(({ cache }) => cache === 'allocates')
        expect(messages.map(({ message }) => message).join('\n')).to.match(
          /^while "allocates" was measured, \d other threads allocated 20(?:\.\d+)? MiB and freed /,
        )
      })

      it('has no ± where one of them ended in it', () => {
        const row = rowOf(result[thread].release, 'ends')
        expect(row).to.include({ otherThreads: null, uncertaintyBytes: null })
        expect(row.uncertainty.allocatedBytes).to.equal(null)
        const messages = result[thread].release.warnings.filter(({ cache }) => cache === 'ends')
        expect(messages.map(({ message }) => message).join('\n')).to.contain('another thread began or ended')
      })

      it('trims as exactly, and writes a snapshot of its heap', () => {
        const { estimated, estimatedUncertaintyBytes, otherThreads } = rowOf(result[thread].trim, 'trimmed')
        expect(estimated?.allocatedBytes).to.be.closeTo(HELD_BYTES, 512 * KIB)
        expect(estimatedUncertaintyBytes).to.be.below(MIB)
        expect(otherThreads?.count).to.equal(thread === 'byMain' ? 1 : 2)
        expect(result[thread].snapshotBytes).to.be.greaterThan(MIB)
      })
    })
  }

  it('says how many are not counted, and nothing of a general kind where all are', () => {
    const messages = result.uncounted.warnings.filter(({ code }) => code === 'WARN_OTHER_THREADS')
    expect(messages.map(({ message }) => message).join('\n')).to.match(/^1 other thread runs JavaScript, and/)
    for (const { release } of [result.byMain, result.byWorker]) {
      expect(
        release.warnings.filter((warning) => warning.code === 'WARN_OTHER_THREADS' && warning.cache === undefined),
      ).to.deep.equal([])
    }
    expect(warningsOf(result.byWorker.trim)).to.include('WARN_WORKER_THREAD')
    expect(warningsOf(result.byMain.trim)).to.not.include('WARN_WORKER_THREAD')
  })
})
