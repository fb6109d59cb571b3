import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { AttributionReport, CacheAttribution } from '../../../src/index.js'
import type { TwinAttributionResult } from './fixtures/attribution.js'

const MIB = 1024 * 1024

describe("attribute({ mode: 'twin' })", function () {
  this.timeout(90_000)
  let result: TwinAttributionResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('coordinator/twin/fixtures/attribution', { preload: 'jemalloc', timeoutMs: 80_000 })
  })

  const rowOf = (report: AttributionReport, name: string): CacheAttribution => {
    const row = report.caches.find((cache) => cache.name === name)
    if (row === undefined) throw new Error(`no row ${name}`)
    return row
  }

  it('measures Buffers to 8 KiB + 0.3 %, atomically', () => {
    for (const [name, bytes] of Object.entries(result.truth)) {
      const { released, window, status, settled } = rowOf(result.report, name)
      expect(released.allocatedBytes, name).to.be.closeTo(bytes, 8192 + 0.003 * bytes)
      expect({ window, status, settled }, name).to.deep.equal({ window: 'atomic', status: 'released', settled: true })
    }
  })

  it('measures objects in proportion to their number', () => {
    const small = rowOf(result.report, 'objects 4000').released.heapBytes ?? NaN
    const large = rowOf(result.report, 'objects 16000').released.heapBytes ?? NaN
    expect(large / small).to.be.closeTo(4, 0.2)
  })

  it('adds up: rows and unattributed are the difference of its samples', () => {
    for (const report of [result.report, result.hostile, result.shared]) {
      const sum = report.caches.reduce((bytes, { released }) => bytes + (released.allocatedBytes ?? 0), 0)
      expect(sum + (report.unattributed.allocatedBytes ?? NaN)).to.equal(
        (report.before.allocatedBytes ?? NaN) - (report.after.allocatedBytes ?? NaN),
      )
    }
  })

  it('releases nothing in the process itself, and leaves no entry, descriptor or flag of memory behind', () => {
    expect(result.released).to.equal(0)
    expect(result.entries[1]).to.equal(result.entries[0])
    expect(result.descriptors[1]).to.equal(result.descriptors[0])
    expect(result.keptBytes).to.be.above(0)
    // V8 unmaps pages between the runs, and the allocator may map them.
    expect(result.lostBytes).to.be.below(0.1 * result.keptBytes)
  })

  it('counts entries and claims as they are in the process', () => {
    expect(rowOf(result.report, 'buffers 64')).to.include({ entriesBefore: 64, entriesAfter: 0, claimedBytes: 64_000 })
  })

  it('tells what the twin cost, and how the process stood before it', () => {
    const { twin, pauses, mode } = result.report
    expect(mode).to.equal('twin')
    expect(twin).to.include({ twins: 1, attempts: 1 })
    expect(twin?.pauseMs).to.be.above(twin?.forkMs ?? NaN)
    expect(twin?.copiedBytes).to.be.within(1, 200 * MIB)
    // The fork's is one of them; each piece that the twin sends may be another where the machine is slow.
    expect(pauses.count).to.be.at.least(1)
    expect(pauses.longestMs).to.be.at.least(twin?.pauseMs ?? NaN)
    expect(pauses.totalMs).to.be.within(pauses.longestMs, pauses.count * pauses.longestMs)
    expect(twin?.before.allocatedBytes).to.be.closeTo(result.report.before.allocatedBytes ?? NaN, MIB / 2)
  })

  const HOSTILE: Readonly<Record<string, readonly [status: string, code: string | undefined, isMeasured: boolean]>> = {
    throws: ['failed', 'ERR_RELEASE_FAILED', false],
    rejects: ['failed', 'ERR_RELEASE_FAILED', true],
    microtasks: ['released', undefined, true],
    'drops first': ['released', undefined, true],
    'drops later': ['skipped', 'ERR_TWIN_ASYNC', false],
    'drops first, cannot count': ['released', undefined, true],
    'works in the pool': ['released', undefined, true],
    'waits for the pool': ['skipped', 'ERR_TWIN_ASYNC', false],
    'rejects unheard': ['released', undefined, true],
    'throws when nobody waits': ['released', undefined, true],
    'counts by waiting': ['failed', 'ERR_TWIN_STUCK', false],
    loops: ['timed-out', 'ERR_RELEASE_TIMEOUT', false],
    aborts: ['failed', 'ERR_TWIN_CRASHED', false],
    exits: ['failed', 'ERR_TWIN_CRASHED', false],
    excluded: ['skipped', 'ERR_TWIN_EXCLUDED', false],
    lossy: ['released', undefined, true],
    attributes: ['released', undefined, true],
    good: ['released', undefined, true],
  }
  for (const [name, [status, code, isMeasured]] of Object.entries(HOSTILE)) {
    it(`a release that ${name} costs its own row only`, () => {
      const row = rowOf(result.hostile, name)
      expect({ status: row.status, code: row.error?.code }).to.deep.equal({ status, code })
      if (isMeasured) expect(row.released.allocatedBytes).to.be.closeTo(32 * 65_536, 0.02 * 32 * 65_536)
      else if (row.released.allocatedBytes !== null)
        expect(Math.abs(row.released.allocatedBytes)).to.be.below(64 * 1024)
    })
  }

  it('tells of every cache once, and of the retries', () => {
    const once = result.events.filter((event) => event.startsWith('cache-'))
    expect(new Set(once).size).to.equal(once.length)
    expect(result.events[0]).to.equal('run-started')
    expect(result.events.at(-1)).to.equal('run-finished')
    const codes = result.hostile.warnings.map(({ code }) => code)
    expect(codes).to.include.members(['WARN_TWIN_RETRIED', 'WARN_TWIN_FIRST_TURN'])
    // One for the loop, two each for what aborts, what exits and what waits.
    expect(result.hostile.twin).to.include({ twins: 1, attempts: 8 })
  })

  it('finds shared memory by two orders: means, a wide ±, and a warning', () => {
    const bytes = 64 * 65_536
    const [first, second, own] = ['first', 'second', 'own'].map((name) => rowOf(result.shared, name))
    for (const row of [first, second]) {
      expect(row?.released.allocatedBytes).to.be.closeTo(bytes / 2, 0.02 * bytes)
      expect(row?.uncertaintyBytes).to.be.closeTo(bytes / 2, 0.02 * bytes)
    }
    expect(own?.released.allocatedBytes).to.be.closeTo(bytes, 0.01 * bytes)
    expect(own?.uncertaintyBytes).to.be.below(256 * 1024)
    const warned = result.shared.warnings.filter(({ code }) => code === 'WARN_SHARED_MEMORY').map(({ cache }) => cache)
    expect(warned.toSorted()).to.deep.equal(['first', 'second'])
    expect(result.shared.twin?.twins).to.equal(2)
  })

  it('skips what does not fit into budget.durationMs', () => {
    const codes = result.budget.caches.map(({ error }) => error?.code)
    expect(new Set(codes)).to.deep.equal(new Set(['ERR_BUDGET_DURATION']))
  })

  it('ends the twin when it is aborted, and reports what was measured', () => {
    expect(result.aborted).to.be.an('object')
    const { caches } = result.aborted as AttributionReport
    expect(caches.some(({ status }) => status === 'released')).to.equal(true)
    expect(caches.some(({ error }) => error?.code === 'ERR_RUN_ABORTED')).to.equal(true)
  })

  it('joins an identical call, and refuses another and nonsense', () => {
    expect(result.errors).to.deep.equal({
      joined: 'true',
      refused: 'ERR_RUN_IN_PROGRESS',
      twins: 'ERR_OPTION_RANGE',
      mode: 'ERR_OPTION_RANGE',
    })
  })
})
