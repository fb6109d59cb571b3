import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { FromOutsideResult } from './fixtures/from-outside.js'

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

  it('ends with its parent', () => {
    expect(result.hadTwin).to.equal(true)
    expect(result.orphanAfterMs).to.equal(-1)
  })
})
