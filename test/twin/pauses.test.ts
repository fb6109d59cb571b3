import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import { missingMs } from './fixtures/pauses.js'
import type { PausesResult } from './fixtures/pauses.js'

/** A timer of one millisecond is late by so much beside other programs; what is to be seen is two and three times as long. */
const LATE_MS = 10

thoroughSuite('what a run tells of its pauses', function () {
  this.timeout(180_000)
  let result: PausesResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('twin/fixtures/pauses', { preload: 'jemalloc', timeoutMs: 170_000 })
  })

  for (const operation of [
    'the first twin',
    'twin',
    'twin with breakdown',
    'discover',
    'classHistogram',
    'heapSnapshot',
    'trim',
    'release with breakdown',
  ]) {
    it(`is all that a timer and Node's monitor see: ${operation}`, () => {
      const seen = result.seen[operation]
      if (seen === undefined) throw new Error('it was not tried')
      expect(missingMs(seen), JSON.stringify(seen)).to.be.below(LATE_MS)
      expect(seen.reported.totalMs).to.be.at.least(seen.reported.longestMs)
    })
  }

  it('is asked for by status pages at next to no cost', () => {
    for (const [asked, ms] of Object.entries(result.askedMs)) expect(ms, asked).to.be.below(5)
  })
})
