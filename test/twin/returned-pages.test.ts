import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { buildAddon } from '../helpers/native.js'
import { thoroughSuite } from '../helpers/thorough.js'
import type { CacheAttribution } from '../../src/index.js'
import type { Returned } from './fixtures/returned-pages.js'

const MIB = 1024 * 1024
const INTERLEAVED_BYTES = 40_000 * 480

for (const preload of ['jemalloc', 'none'] as const) {
  const suite = preload === 'jemalloc' ? describe : thoroughSuite
  suite(`what leaves RSS, as a twin tells it: ${preload === 'none' ? 'glibc' : preload}`, function () {
    this.timeout(120_000)
    let result: Returned
    before(async function () {
      if (preload === 'jemalloc') needsJemalloc(this)
      result = await runFixture<Returned>('twin/fixtures/returned-pages', {
        preload,
        args: [buildAddon(this, 'give-back')],
        timeoutMs: 110_000,
      })
    })

    const rowOf = (name: string): CacheAttribution => {
      const row = result.report.caches.find((cache) => cache.name === name)
      if (row === undefined) throw new Error(`no row ${name}`)
      return row
    }
    const returnedBy = (name: string): number => rowOf(name).returned?.residentBytes ?? NaN

    it('is what RSS of the process itself then falls by, to 10 % + 2 MiB', () => {
      for (const [name, bytes] of Object.entries(result.fell)) {
        expect(returnedBy(name), name).to.be.closeTo(bytes, 0.1 * Math.abs(bytes) + 2 * MIB)
      }
    })

    it('is all of what has pages of its own, and nothing of what lies between others', () => {
      expect(returnedBy('whole')).to.be.closeTo(400 * 98_048, 2 * MIB)
      expect(rowOf('mixed').released.totalBytes).to.be.above(INTERLEAVED_BYTES)
      // Its Map, and what stands beside each Buffer on V8's heap and in the allocator, is its own.
      const beside = (rowOf('mixed').released.totalBytes ?? NaN) - INTERLEAVED_BYTES
      expect(returnedBy('mixed')).to.be.below(beside + 2 * MIB)
      expect(returnedBy('neighbour')).to.be.above(1.8 * INTERLEAVED_BYTES)
    })

    it('does not count pages that were never written to', () => {
      expect(rowOf('sparse').released.allocatedBytes).to.be.above(2000 * 16_384)
      expect(returnedBy('sparse')).to.be.below(0.6 * 2000 * 16_384)
    })

    it('has an error bar from null releases', () => {
      for (const { returned } of result.report.caches) expect(returned?.uncertaintyBytes).to.be.within(1, 4 * MIB)
    })

    it('leaves what the windows measure as it is', () => {
      const { unattributed, noise } = result.report
      // Memory that a purge took or left would be in the controls behind it.
      expect(Math.abs(unattributed.allocatedBytes ?? NaN)).to.be.below(64 * 1024)
      expect(noise.allocatedBytes).to.be.below(64 * 1024)
      expect(rowOf('whole').released.allocatedBytes).to.be.closeTo(400 * 98_304, 400 * 512)
    })

    it('purges nothing of the process itself', () => {
      const [before, after] = result.rss
      expect(after).to.be.above(before - MIB)
    })

    it('names the row that keeps the pages, where two orders showed it, and no other', () => {
      const named = result.twice.warnings.filter(({ code }) => code === 'WARN_PINNED_PAGES')
      expect(named.map(({ cache }) => cache).toSorted()).to.deep.equal(['mixed', 'neighbour'])
      expect(named.find(({ cache }) => cache === 'mixed')?.message).to.match(/same pages as "neighbour": /)
      expect(result.twice.warnings.filter(({ code }) => code === 'WARN_SHARED_MEMORY')).to.deep.equal([])
    })
  })
}
