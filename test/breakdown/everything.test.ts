import { expect } from 'chai'
import { bytesAt, bytesOfAll, PART } from '../helpers/internals/report-breakdown.js'
import type { MemoryNode } from '../../src/index.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import { MIB, faultsOf, leavesOf } from '../report/breakdown/readings.js'
import type { Everything } from './fixtures/everything.js'

for (const allocator of ['jemalloc', 'none'] as const) {
  const suite = allocator === 'jemalloc' ? describe : thoroughSuite
  suite(`breakdown() of a real process, under ${allocator === 'none' ? 'glibc' : allocator}`, () => {
    let found: Everything

    before(async function () {
      if (allocator === 'jemalloc') needsJemalloc(this)
      found = await runFixture<Everything>('breakdown/fixtures/everything', { preload: allocator })
    })

    const grown = (of: (tree: MemoryNode) => number): number => (of(found.after) - of(found.before)) / MIB

    it('adds up to RSS, to the byte', () => {
      for (const tree of [found.before, found.after, found.unasked, found.cached]) {
        expect(faultsOf(tree)).to.deep.equal([])
        expect(leavesOf(tree).reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(tree.bytes)
      }
    })

    it("is the kernel's own count of RSS, but for the moment between two looks", () => {
      expect(found.after.bytes / found.vmRssBytes).to.be.closeTo(1, 0.05)
    })

    it('finds objects of all isolates live in V8', () => {
      const live = (tree: MemoryNode): number => bytesOfAll(tree.children?.[0], PART.live)
      const unexplained = (tree: MemoryNode): number => bytesOfAll(tree.children?.[0], PART.used)
      // Without a coordinator nobody hears of major collections, and the workers have none.
      expect(grown(unexplained)).to.be.within(50, 75)
      expect(grown(live)).to.equal(0)
      // A coordinator does, and its run makes one; the workers end meanwhile.
      expect(bytesAt(found.cached, PART.v8, 'main thread', PART.live) / MIB).to.be.within(40, 60)
      expect(bytesAt(found.cached, PART.v8, 'main thread', PART.since) / MIB).to.be.within(0, 15)
    })

    it('finds Buffers live in the allocator', () => {
      expect(grown((tree) => bytesAt(tree, PART.allocator, PART.live))).to.be.within(22, 38)
    })

    it('finds mapped files, and files in memory as shared memory', () => {
      expect(grown((tree) => bytesAt(tree, PART.files))).to.be.within(30, 31)
      expect(grown((tree) => bytesAt(tree, PART.shared))).to.be.within(20, 21)
    })

    it('finds a stack that was used deeply', () => {
      expect(grown((tree) => bytesAt(tree, PART.stacks))).to.be.within(30, 33)
    })

    it('leaves memory that was mapped past the allocator to the remainder, and next to nothing else', () => {
      // Beside the mapping stand a few pages of others that come and go between the two looks.
      expect(grown((tree) => bytesAt(tree, PART.other))).to.be.within(14.5, 15.5)
      expect(bytesAt(found.before, PART.other)).to.be.lessThan(0.03 * found.before.bytes)
    })

    it('says of workers that it does not know that it does not know them', () => {
      expect(bytesAt(found.unasked, PART.v8, PART.notAsked)).to.be.greaterThan(10 * MIB)
      expect(bytesOfAll(found.after, PART.notAsked)).to.equal(0)
    })

    it('stands in the report of a run that asks for it, with what the run found of the caches', () => {
      const tree = found.report.breakdown
      if (tree == null) throw new Error('the report has no breakdown')
      const cache = bytesAt(tree, PART.allocator, PART.live, 'cache files') / MIB
      expect(cache).to.be.within(18, 27)
      expect(found.text).to.contain('Where all of RSS is')
    })

    it('names the caches of a coordinator with what they hold now', () => {
      const cache = bytesAt(found.cached, PART.allocator, PART.live, 'cache files') / MIB
      expect(cache).to.be.within(18, 26)
    })
  })
}
