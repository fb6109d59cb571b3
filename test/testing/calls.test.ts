import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import type { CallsResult } from './fixtures/calls.js'

const KIB = 1024

const callsOf = (...names: readonly string[]): Promise<CallsResult> =>
  runFixture('testing/fixtures/calls', { preload: 'jemalloc', args: names, timeoutMs: 170_000 })

describe('calls that are measured', function () {
  this.timeout(180_000)
  let result: CallsResult
  before(async function () {
    needsJemalloc(this)
    result = await callsOf('storeEntry', 'fillRing', 'parse')
  })

  it('leave behind what they store, within the interval', () => {
    const { storeBuffer, parse } = result.measured
    expect(storeBuffer?.allocatedBytes).to.be.within(5000, 5400)
    expect(Math.abs(parse?.bytesPerCall ?? NaN)).to.be.lessThan((parse?.uncertaintyBytes ?? NaN) + 100)
    expect(parse?.uncertaintyBytes).to.be.lessThan(2 * KIB)
  })

  it('fail the test where they leave something behind, with who holds it and who allocated it', () => {
    const { storeEntry } = result.expected
    expect(storeEntry).to.match(
      /^ERR_RETAINED_ABOVE: each call leaves (?:1\.9|2\.)\d+ KiB ± .* behind, more than 600 B/,
    )
    expect(storeEntry).to.match(/held by calls\.js › entries\b.*: (?:1\.9|2\.)\d+ KiB/)
    expect(storeEntry).to.match(/allocated at storeEntry \(.*calls\.ts:\d+\): [12]\.\d+ KiB a call/)
  })

  it('are not accused of a cache that has its size, or of garbage', () => {
    const { fillRing, parse } = result.expected
    expect({ fillRing, parse }).to.deep.equal({ fillRing: 'holds', parse: 'holds' })
  })

  thorough('are accused of what listens, and not of a weak cache', async () => {
    const { listen, useWeakCache } = (await callsOf('listen', 'useWeakCache')).expected
    expect(listen).to.match(/held by calls\.js › bus.*config/)
    expect(useWeakCache).to.equal('holds')
  })

  it('fail with their own errors, and cost nobody else', () => {
    expect(result.codes).to.deep.equal({
      hangs: 'ERR_CALL_TIMEOUT',
      throws: 'of the call',
      rejects: 'of the promise',
      aborted: 'ERR_RUN_ABORTED',
      attributes: 'none',
      besideARun: 'ERR_RUN_IN_PROGRESS',
      afterAll: 'none',
    })
  })

  it('are measured one measurement after the other', () => {
    expect(result.overlapped).to.equal(false)
  })
})
