import { expect } from 'chai'
import { JEMALLOC, needsJemalloc, runFixture } from '../helpers/child.js'
import { buildLibrary } from '../helpers/native.js'
import { thoroughSuite } from '../helpers/thorough.js'
import { FOREIGN_BYTES, OBJECT_BYTES } from './fixtures/open-heap.js'
import type { OpenHeapResult } from './fixtures/open-heap.js'

for (const whose of ['own', 'foreign'] as const) {
  const more = whose === 'own' ? '' : ', and somebody else too'
  const suite = whose === 'foreign' ? describe : thoroughSuite
  suite(`V8's heap, given to forks ahead of one, where V8 maps more before the fork${more}`, function () {
    this.timeout(60_000)
    let result: OpenHeapResult
    before(async function () {
      needsJemalloc(this)
      result = await runFixture('twin/fixtures/open-heap', {
        preload: [JEMALLOC, buildLibrary(this, 'no-smaps')],
        args: [whose],
        timeoutMs: 50_000,
      })
    })

    it('is whole in the twin', () => {
      const [inTwin, here] = result.sums
      expect(here).to.be.above(0)
      expect(inTwin).to.equal(here)
    })

    it('needs no second look at every page of the process for that', () => {
      const [inTwin, here] = result.withoutSmaps
      expect(inTwin).to.equal(here)
    })

    it('is kept from forks before and after, and is not meanwhile', () => {
      const [before, open, after] = result.readings.map(({ keptBytes }) => keptBytes)
      expect(before).to.be.above(OBJECT_BYTES)
      expect(open).to.equal(0)
      expect((after ?? NaN) - (before ?? NaN)).to.be.within(OBJECT_BYTES, FOREIGN_BYTES / 2)
    })

    it('does not come apart into more and more mappings', () => {
      const [, , one, many] = result.readings
      expect((many?.mappings ?? NaN) - (one?.mappings ?? NaN)).to.be.below(100)
    })
  })
}
