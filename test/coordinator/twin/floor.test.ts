import { expect } from 'chai'
import type { AttributionReport } from '../../../src/index.js'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import { BUFFER_CLASS_BYTES } from '../fixtures/contents.js'
import type { Floors } from './fixtures/floor.js'

/** The memory that a twin has for itself: V8's records of its pages above all. The caches of a pool are megabytes. */
const TOLERANCE_BYTES = 192 * 1024

for (const threads of [4, 32]) {
  const suite = threads === 4 ? describe : thoroughSuite
  suite(`the floor where ${String(threads)} threads of the pool have full caches`, function () {
    this.timeout(90_000)
    let floors: Floors
    before(async function () {
      needsJemalloc(this)
      const env = { UV_THREADPOOL_SIZE: String(threads) }
      floors = await runFixture('coordinator/twin/fixtures/floor', { preload: 'jemalloc', env, timeoutMs: 80_000 })
    })

    const floorOf = (report: AttributionReport): number => report.floor.allocatedBytes ?? NaN

    it('is the same in a twin and by release', () => {
      expect(floorOf(floors.twin)).to.be.closeTo(floorOf(floors.release), TOLERANCE_BYTES)
      expect(floorOf(floors.again)).to.be.closeTo(floorOf(floors.release), TOLERANCE_BYTES)
    })

    it('stands on live bytes that are the same right before the fork and in the twin', () => {
      for (const { before, twin } of [floors.twin, floors.again]) {
        expect(before.allocatedBytes).to.be.closeTo(twin?.before.allocatedBytes ?? NaN, 2 * TOLERANCE_BYTES)
        // The caches of threads that the twin does not have are in its own count of caches.
        expect(before.tcacheBytes).to.be.above(1024 * 1024)
        expect(before.tcacheBytes).to.be.closeTo(twin?.before.tcacheBytes ?? NaN, 512 * 1024)
      }
    })

    it('leaves the rows as they are', () => {
      const bytes = 64 * BUFFER_CLASS_BYTES
      for (const { caches } of [floors.twin, floors.release]) {
        expect(caches[0]?.released.allocatedBytes).to.be.closeTo(bytes, 32 * 1024)
      }
      expect(floors.again.caches[0]?.released.allocatedBytes).to.be.closeTo(0, 32 * 1024)
    })
  })
}
