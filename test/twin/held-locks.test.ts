import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { buildAddon } from '../helpers/native.js'
import type { HeldLocksResult } from './fixtures/held-locks.js'

describe('a twin of a process whose other thread is in the middle of something', function () {
  this.timeout(60_000)
  let result: HeldLocksResult
  before(async function () {
    needsJemalloc(this)
    const args = [buildAddon(this, 'held-locks')]
    result = await runFixture('twin/fixtures/held-locks', { preload: 'jemalloc', args })
    expect(result.hold).to.equal(0)
  })

  it('takes the locks that the other thread held, of every type and more than once', () => {
    expect(result.taken).to.equal(12)
  })

  it('takes again what its own thread had taken, and gives both back', () => {
    expect(result.takenAgain).to.equal(0)
  })

  for (const what of ['condition', 'semaphore']) {
    it(`ends with a code, and does not sleep, where it waits for a ${what} that only a thread could bring about`, () => {
      expect(result.waits[what]).to.match(/^ERR_TWIN_STUCK: .* it waited for a thread that it does not have$/)
      expect(result.waitMs).to.be.below(2900)
    })
  }
})
