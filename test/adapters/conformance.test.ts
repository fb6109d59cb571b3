/** The promises of every adapter, held against the real packages in a process under a real jemalloc. */
import { expect } from 'chai'
import type { AttributionReport } from '../../src/index.js'
import { KIB, rowOf } from '../coordinator/world.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import type { ConformanceResult } from './fixtures/conformance.js'
import { COUNT } from './fixtures/contents.js'
import { subjectsFor } from './subjects.js'

/** One page of V8's heap that a compiling thread reserves, and what a library adds to an entry. A cache holds 8 MiB. */
const STRAY_BYTES = 512 * KIB
/** Libraries whose entries nobody can list. */
const UNTRIMMED = ['flru', 'mnemonist LRUCache', 'mnemonist LRUMap', 'lodash.memoize', 'p-memoize', 'undici']
/** Libraries of whose caches nothing can be seen, so that `fromCache()` cannot know them. */
const UNSEEN = ['p-memoize', 'undici']

/** A trim is four windows for each cache: the others' are thorough. */
const TRIMMED_FIRST = ['Map', 'lru-cache', 'node-cache', 'flru']

for (const { kind, trimmed } of [
  { kind: 'buffers', trimmed: TRIMMED_FIRST },
  { kind: 'buffers', trimmed: null },
  { kind: 'objects', trimmed: null },
] as const) {
  const suite = trimmed === null ? thoroughSuite : describe
  suite(`the adapters, with ${kind}${trimmed === null ? ', all of them trimmed' : ''}`, function () {
    this.timeout(300_000)
    let result: ConformanceResult
    before(async function () {
      needsJemalloc(this)
      result = await runFixture<ConformanceResult>('adapters/fixtures/conformance', {
        preload: 'jemalloc',
        args: [kind, ...(trimmed ?? [])],
        timeoutMs: 280_000,
      })
    })

    const truth = (): number => rowOf(result.released, 'Map').released.totalBytes ?? NaN
    /**
     * One estimate in twenty may be beyond its ±, and there are thirty of them here; bench/trim.ts judges them. A stray page of
     * V8's in what was dropped counts four times in the whole.
     */
    const nearTruth = (): number => 0.25 * truth() + 4 * STRAY_BYTES
    const offOf = (name: string): number =>
      Math.abs((rowOf(result.trimmed, name).estimated?.totalBytes ?? NaN) - truth())

    for (const name of Object.keys(subjectsFor(kind))) {
      it(`gives back what a Map of the same content does: ${name}`, () => {
        const row = rowOf(result.released, name)
        expect(row).to.deep.include({ status: 'released', window: 'atomic', significant: true })
        const off = Math.abs((row.released.totalBytes ?? NaN) - truth())
        expect(off, `${String(row.released.totalBytes)} of ${String(truth())}`).to.be.at.most(STRAY_BYTES)
      })

      it(`is empty after it and works again: ${name}`, () => {
        const { countedFull, countedEmpty, isGone, worksAfterwards } = result.findings[name] ?? {}
        expect({ isGone, worksAfterwards }).to.deep.equal({ isGone: true, worksAfterwards: true })
        if (countedFull !== null) expect([countedFull, countedEmpty]).to.deep.equal([COUNT[kind], 0])
      })

      it(`is known by its shape, where it has one: ${name}`, () => {
        expect(result.findings[name]?.isRecognised).to.equal(UNSEEN.includes(name) ? null : true)
      })

      if (trimmed?.includes(name) === false) continue
      if (UNTRIMMED.includes(name)) {
        it(`says that it cannot drop a part: ${name}`, () => {
          const row = rowOf(result.trimmed, name)
          expect([row.status, row.error?.code]).to.deep.equal(['skipped', 'ERR_TRIM_UNSUPPORTED'])
        })
      } else {
        it(`drops a quarter, and tells the whole by it: ${name}`, () => {
          const row = rowOf(result.trimmed, name)
          expect(row.status).to.equal('trimmed')
          // The Set has two of the value that was set again.
          expect(row.entriesBefore).to.be.within(COUNT[kind], COUNT[kind] + 1)
          expect(row.trim?.entriesDropped).to.be.closeTo(COUNT[kind] / 4, 8)
          // Memory that came back beside one of the parts is in the ±, which the parts differ by.
          const most = Math.max(nearTruth(), row.estimatedUncertaintyBytes ?? 0)
          expect(offOf(name), `${String(row.estimated?.totalBytes)} of ${String(truth())}`).to.be.at.most(most)
        })
      }
    }

    it('tell nearly all of them closely', () => {
      const told = (trimmed ?? Object.keys(subjectsFor(kind))).filter((name) => !UNTRIMMED.includes(name))
      const isFar = (name: string): boolean => !(offOf(name) <= nearTruth())
      expect(told.filter(isFar)).to.have.lengthOf.at.most(trimmed === null ? 2 : 1)
    })

    it('warn of nothing', () => {
      expect(unexpected(result.released)).to.deep.equal([])
      expect(unexpected(result.trimmed)).to.deep.equal([])
    })
  })
}

/** A busy machine may keep a window from coming to rest, and has V8's compilers free what they held in a later turn. */
const OF_THE_MACHINE: readonly string[] = ['WARN_NOT_SETTLED', 'WARN_LATE_BYTES']

function unexpected({ warnings }: AttributionReport): string[] {
  return warnings.filter(({ code }) => !OF_THE_MACHINE.includes(code)).map(({ message }) => message)
}
