import { expect } from 'chai'
import { JEMALLOC, needsJemalloc, runFixture } from '../helpers/child.js'
import { buildLibrary } from '../helpers/native.js'
import type { FromOutsideResult } from './fixtures/from-outside.js'
import type { FullMapResult } from './fixtures/full-map.js'

const MIB = 1024 * 1024

describe('a twin, whatever happens to it', function () {
  this.timeout(60_000)
  let result: FromOutsideResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('twin/fixtures/from-outside', { preload: 'jemalloc', timeoutMs: 50_000 })
  })

  const EXPECTED: Readonly<Record<string, RegExp>> = {
    SIGKILL: /^ERR_TWIN_CRASHED: .* by SIGKILL$/,
    SIGSEGV: /^ERR_TWIN_CRASHED: .* by SIGSEGV$/,
    SIGSTOP: /^ERR_TWIN_STUCK: /,
    SIGTERM: /^ERR_TWIN_CRASHED: .* by SIGTERM$/,
    // The interrupt of a terminal is the service's to handle.
    SIGINT: /^ERR_TWIN_OVERTIME: /,
  }
  for (const [signal, expected] of Object.entries(EXPECTED)) {
    it(`is sent ${signal}: its caller gets an error with a code`, () => {
      expect(result.outcomes[signal]).to.match(expected)
    })
  }

  it('is killed again and again: what the first told of is reported, with all that it cost', () => {
    const { caches, twin, warnings } = result.killed
    const [measured, atWork] = caches
    expect(measured).to.include({ name: 'measured', status: 'released' })
    expect(measured?.released.allocatedBytes).to.be.closeTo(4 * MIB, 64 * 1024)
    // Nobody aborted; and where two were killed in its own window, it is what ended them.
    expect([
      ['skipped', 'ERR_TWIN_CRASHED'],
      ['failed', 'ERR_RELEASE_KILLED'],
    ]).to.deep.include([atWork?.status, atWork?.error?.code])
    expect(twin?.twins).to.equal(1)
    // Three times before any window; once more for each that was killed in that of this cache already.
    expect(twin?.attempts).to.be.within(3, 5)
    expect(warnings.map(({ code }) => code)).to.include('WARN_TWIN_RETRIED')
  })

  it('is the first to be killed where memory is short, but not where that would end the service too', () => {
    const [own, twin, inUnit] = result.oomScores
    expect(twin).to.equal(result.mayDieFirst ? '1000' : own)
    expect(inUnit).to.equal(own)
  })

  it('ends with its parent', () => {
    expect(result.hadTwin).to.equal(true)
    expect(result.orphanAfterMs).to.equal(-1)
  })
})

describe('a twin of a process at its bound of mappings', () => {
  for (const granted of [0, 20]) {
    it(`is refused after ${String(granted)} pieces of advice, since its heap would be missing, and the process is as it was`, async function () {
      needsJemalloc(this)
      const result = await runFixture<FullMapResult>('twin/fixtures/full-map', {
        preload: [JEMALLOC, buildLibrary(this, 'full-map')],
        env: { MADVISE_REFUSED: '11', MADVISE_GRANTED: String(granted) },
      })
      expect(result.outcome).to.match(/^ERR_TWIN_FORK: madvise: /)
      expect(result.keptBytes).to.be.above(MIB)
      // V8 may have unmapped a page meanwhile, and another may be mapped there.
      expect(result.lostBytes).to.be.below(MIB)
    })
  }
})
