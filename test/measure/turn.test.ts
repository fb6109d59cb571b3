import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { TurnResult } from './fixtures/turn.js'

const MIB = 1024 * 1024

for (const preload of ['jemalloc', 'none'] as const) {
  describe(`a turn in a real process under ${preload === 'none' ? 'glibc' : preload}`, () => {
    let result: TurnResult

    before(async function () {
      if (preload === 'jemalloc') needsJemalloc(this)
      result = await runFixture('measure/fixtures/turn', { preload })
    })

    it('lets nothing else run between the two reads around a synchronous release', () => {
      expect(result.orders[0]?.slice(0, 3)).to.deep.equal(['read', 'release', 'read'])
    })

    it('lets nothing else run between the two reads around a release that uses microtasks', () => {
      expect(result.orders[1]?.slice(0, 3)).to.deep.equal(['read', 'release', 'read'])
    })

    it('lets everything run afterwards that was put off', () => {
      for (const order of result.orders) {
        expect(order.slice(3).toSorted()).to.deep.equal(['file', 'immediate', 'message', 'timer'])
      }
    })

    it('gives each of several caches in one turn its own bytes', () => {
      const expected = [4 * MIB, 16 * MIB, 32 * MIB, 0]
      for (const [index, { freed }] of result.batch.entries()) {
        const bytes = expected[index] ?? NaN
        expect(freed.allocatedBytes).to.be.closeTo(bytes, bytes / 100 + 32 * 1024)
      }
    })

    it('takes no bytes of Buffers for bytes of the heap', () => {
      for (const { freed } of result.batch) expect(freed.heapBytes).to.be.closeTo(0, 256 * 1024)
    })

    it('measures a release that awaits microtasks as exactly as a synchronous one', () => {
      expect(result.awaited.kind).to.equal('done')
      expect(result.awaited.freed.allocatedBytes).to.be.closeTo(8 * MIB, 128 * 1024)
    })
  })
}
