/** Memory that V8 maps itself, in real processes: in a twin and live, under both allocators. */
import { expect } from 'chai'
import { PART } from '../helpers/internals/report-breakdown.js'
import type { MemoryNode, AttributionReport } from '../../src/index.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import type { MappedRuns } from './fixtures/mapped.js'
import { rowOf, warningsOf } from './world.js'

const MIB = 1024 * 1024
const TRUTH = { models: 80 * MIB, frames: 20 * MIB } as const

for (const preload of ['jemalloc', 'none'] as const) {
  const suite = preload === 'jemalloc' ? describe : thoroughSuite
  suite(`caches of memory that V8 maps itself, under ${preload === 'none' ? 'glibc' : preload}`, () => {
    let runs: MappedRuns

    before(async function () {
      this.timeout(120_000)
      if (preload === 'jemalloc') needsJemalloc(this)
      runs = await runFixture('coordinator/fixtures/mapped', { preload, timeoutMs: 110_000 })
    })

    for (const mode of ['twin', 'live'] as const) {
      it(`are measured to 8 KiB + 0.3 %, ${mode}`, () => {
        for (const name of ['models', 'frames'] as const) {
          const { released, significant } = rowOf(runs[mode], name)
          expect(released.mappedBytes).to.equal(TRUTH[name])
          expect(released.totalBytes).to.be.closeTo(TRUTH[name], 8 * 1024 + 0.003 * TRUTH[name])
          expect(significant).to.equal(true)
        }
      })

      it(`leave a balance that is exact, ${mode}`, () => {
        const { before, after, caches, unattributed, floor }: AttributionReport = runs[mode]
        const rows = caches.reduce((sum, { released }) => sum + (released.mappedBytes ?? NaN), 0)
        expect(rows + (unattributed.mappedBytes ?? NaN)).to.equal((before.mappedBytes ?? 0) - (after.mappedBytes ?? 0))
        expect(floor.mappedBytes).to.be.below(MIB)
      })

      it(`are not said to be held by something else, ${mode}`, () => {
        expect(warningsOf(runs[mode])).to.not.include.members(['WARN_SHARED_MEMORY'])
      })
    }

    it('have lines of their own in the breakdown, and are no code ranges or tables', () => {
      const bytesOf = (name: string): number => sumOf(runs.tree, name)
      expect(bytesOf(PART.wasm)).to.be.within(TRUTH.models, TRUTH.models + MIB)
      expect(bytesOf(PART.resizable)).to.equal(TRUTH.frames)
    })
  })
}

function sumOf({ name, bytes, children = [] }: MemoryNode, wanted: string): number {
  return name === wanted ? bytes : children.reduce((sum, child) => sum + sumOf(child, wanted), 0)
}
