import { expect } from 'chai'
import type { AttributionReport } from '../../../src/index.js'
import { remainderOf, rowOf } from '../world.js'
import { JEMALLOC, needsJemalloc, runFixture } from '../../helpers/child.js'
import { buildAddon, buildLibrary } from '../../helpers/native.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import { TICKS } from './fixtures/finalizers.js'
import type { TwinFinalizersResult } from './fixtures/finalizers.js'

const KIB = 1024

/** But for the one whose entries are ticks. */
function warningsOfCaches({ warnings }: AttributionReport): string[] {
  return warnings.filter(({ cache }) => cache !== TICKS).map(({ code }) => code)
}

describe('caches in a twin whose memory finalizers free', function () {
  this.timeout(120_000)
  let result: TwinFinalizersResult
  let hostile: AttributionReport
  let opening: AttributionReport
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<TwinFinalizersResult>('coordinator/twin/fixtures/finalizers', {
      preload: 'jemalloc',
      args: [buildAddon(this, 'late-free'), 'all'],
      timeoutMs: 110_000,
    })
    if (result.hostile === undefined || result.opening === undefined) throw new Error('a run is missing')
    ;({ hostile, opening } = result)
  })

  for (const name of [
    'external buffers',
    'native finalizers',
    'chain of native finalizers',
    'registry',
    'chain of registries',
    'promises of a registry',
    'plain',
  ]) {
    it(`have their row within 8 KiB + 0.3 %, beside what V8 keeps for each: ${name}`, () => {
      const { released, status } = rowOf(result.report, name)
      expect(status).to.equal('released')
      // About 144 B of backing store, and some of a callback, for each of 64 entries.
      const bookkeeping = 64 * 300
      expect(released.allocatedBytes).to.be.within(
        result.truth - 8 * KIB - 0.003 * result.truth,
        result.truth + 8 * KIB + 0.003 * result.truth + bookkeeping,
      )
    })
  }

  it('lose nothing in the process, where no callback runs', () => {
    expect({ ranHere: result.ranHere, lost: result.lost }).to.deep.equal({ ranHere: 0, lost: 0 })
    expect(remainderOf(result.report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('have no timer and no immediate of the service run for them', () => {
    const { entriesBefore, entriesAfter } = rowOf(result.report, TICKS)
    expect(entriesBefore).to.be.greaterThan(0)
    expect(entriesAfter).to.equal(entriesBefore)
  })

  it('say nothing of sharing, lateness or waiting', () => {
    expect(warningsOfCaches(result.report)).to.deep.equal([])
  })

  it('cost their own row only where a callback loops, exits, aborts or waits', () => {
    const codes = (name: string): string | undefined => rowOf(hostile, name).error?.code
    expect(codes('loops')).to.equal('ERR_RELEASE_TIMEOUT')
    expect(rowOf(hostile, 'loops').error?.message).to.match(/^the finalizers of what it released did not finish/)
    for (const name of ['exits', 'aborts']) expect(codes(name), name).to.equal('ERR_TWIN_CRASHED')
    expect(codes('waits')).to.be.oneOf(['ERR_TWIN_STUCK', 'ERR_TWIN_CRASHED'])
    expect(remainderOf(hostile)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('are measured where a callback throws, calls the coordinator, or never ends its chain', () => {
    for (const name of ['throws', 'calls the coordinator', 'never ends', 'good']) {
      const { released, error } = rowOf(hostile, name)
      expect(error, name).to.equal(undefined)
      expect(released.allocatedBytes, name).to.be.closeTo(result.truth, 64 * KIB)
    }
  })

  it('have what a callback allocates taken off, and the next row not blamed for it', () => {
    expect(rowOf(hostile, 'allocates').released.allocatedBytes).to.be.closeTo(0, 64 * KIB)
  })

  it('are measured without finalizers where those that waited already end the twin, and say so', () => {
    expect(rowOf(opening, 'good').released.allocatedBytes).to.be.closeTo(result.truth, 32 * KIB)
    const { status, released, error } = rowOf(opening, 'waits')
    expect({ status, total: released.totalBytes, code: error?.code }).to.deep.equal({
      status: 'skipped',
      total: null,
      code: 'ERR_TWIN_FINALIZERS',
    })
    const codes = opening.warnings.map(({ code }) => code)
    expect(codes).to.include('WARN_FINALIZERS_WAIT').and.not.to.include('WARN_SHARED_MEMORY')
    expect(remainderOf(opening)).to.deep.equal({ allocated: 0, heap: 0 })
  })
})

thoroughSuite('caches in a twin of a Node that cannot run finalizers', function () {
  this.timeout(60_000)
  let result: TwinFinalizersResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<TwinFinalizersResult>('coordinator/twin/fixtures/finalizers', {
      preload: [JEMALLOC, buildLibrary(this, 'symbol-filter')],
      env: { DLSYM_HIDDEN: '_ZN4node12NodePlatform20FlushForegroundTasksEPN2v87IsolateE' },
      args: [buildAddon(this, 'late-free'), 'rows'],
      timeoutMs: 50_000,
    })
  })

  it('have no row where memory is seen to wait for them: unknown, and not 0', () => {
    for (const name of ['external buffers', 'native finalizers', 'registry', 'chain of registries']) {
      const { status, released, error } = rowOf(result.report, name)
      expect({ name, status, total: released.totalBytes, code: error?.code }).to.deep.equal({
        name,
        status: 'skipped',
        total: null,
        code: 'ERR_TWIN_FINALIZERS',
      })
    }
  })

  it('have it where nothing waits', () => {
    expect(rowOf(result.report, 'plain').released.allocatedBytes).to.be.closeTo(result.truth, 32 * KIB)
  })

  it('say so once for the whole run, and nothing of sharing', () => {
    expect(warningsOfCaches(result.report)).to.deep.equal(['WARN_FINALIZERS_WAIT'])
    expect(remainderOf(result.report)).to.deep.equal({ allocated: 0, heap: 0 })
  })
})
