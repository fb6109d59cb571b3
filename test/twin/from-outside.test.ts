import { expect } from 'chai'
import { JEMALLOC, needsJemalloc, runFixture } from '../helpers/child.js'
import { buildLibrary } from '../helpers/native.js'
import type { FromOutsideResult } from './fixtures/from-outside.js'
import type { FullMapResult } from './fixtures/full-map.js'

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

describe('a twin of a process at its bound of mappings', () => {
  it('is refused, since its heap would be missing, and the process is as it was', async function () {
    needsJemalloc(this)
    const { outcome, keptKib } = await runFixture<FullMapResult>('twin/fixtures/full-map', {
      preload: [JEMALLOC, buildLibrary(this, 'full-map')],
      env: { MADVISE_REFUSED: '11' },
    })
    expect(outcome).to.match(/^ERR_TWIN_FORK: madvise: /)
    expect(keptKib[0]).to.be.above(1000)
    // V8 may have given back a page meanwhile, or taken one.
    expect(keptKib[1]).to.be.closeTo(keptKib[0], 1024)
  })
})
