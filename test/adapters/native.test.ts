import { expect } from 'chai'
import { MIB, rowOf } from '../coordinator/world.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { NativeResult } from './fixtures/native.js'

/** better-sqlite3 is compiled where it is installed: tools/setups/better-sqlite3.mjs tries it. */
describe('caches of native libraries', function () {
  this.timeout(60_000)
  let result: NativeResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<NativeResult>('adapters/fixtures/native', { preload: 'jemalloc', timeoutMs: 50_000 })
  })

  it('are known by their shape', () => {
    expect(result.recognised).to.equal(true)
  })

  describe('sharp', () => {
    it('gives back what its operations hold', () => {
      const { status, released, entriesBefore, entriesAfter } = rowOf(result.report, 'sharp')
      expect([status, entriesAfter]).to.deep.equal(['released', 0])
      expect(entriesBefore).to.be.greaterThan(10)
      expect(released.allocatedBytes).to.be.greaterThan(0.1 * MIB)
      expect(result.items[1]).to.equal(0)
    })

    it('has the limits that it had, and works', () => {
      expect(result.limits.after).to.deep.equal(result.limits.before)
      expect(result.image).to.be.greaterThan(100)
    })

    it('can drop a part', () => {
      const [before = NaN, after = NaN] = result.trimmedItems
      expect(after).to.be.within(1, before / 2 + 1)
    })
  })

  describe('undici', () => {
    it('gives back the responses, with a new store in place of the old', () => {
      const { status, released } = rowOf(result.report, 'undici')
      expect(status).to.equal('released')
      expect(released.allocatedBytes).to.be.closeTo(64 * 65_536, 0.3 * MIB)
      expect(result.responses[0]).to.be.greaterThan(4 * MIB - 64 * 512)
      expect(result.responses[1]).to.equal(0)
    })

    it('stores again afterwards, through the same object', () => {
      expect(result.found).to.deep.equal([true, false, true])
    })
  })
})
