import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import type { GreedyResult } from './fixtures/greedy.js'

const MIB = 1024 * 1024

const ORDERS = ['first', 'middle', 'last', 'twice'] as const

describe('a release that takes memory until its twin is killed', function () {
  this.timeout(90_000)
  before(function () {
    needsJemalloc(this)
  })

  for (const where of ORDERS) {
    const test = where === 'twice' ? it : thorough
    test(`is blamed, and costs its own row alone: ${where}`, async () => {
      const reports = await runFixture<GreedyResult>('twin/fixtures/greedy', {
        preload: 'jemalloc',
        args: [where],
        timeoutMs: 85_000,
      })
      const { caches, twin } = reports[where] ?? { caches: [] }
      const greedy = caches.filter(({ name }) => name.startsWith('greedy'))
      for (const { name, status, error, released } of greedy) {
        expect(status, name).to.equal('failed')
        expect(error, name).to.include({ code: 'ERR_RELEASE_KILLED', signal: 'SIGKILL' })
        expect(released.totalBytes, name).to.equal(null)
      }
      for (const { name, status, released } of caches.filter((cache) => !greedy.includes(cache))) {
        expect(status, name).to.equal('released')
        expect(released.allocatedBytes, name).to.be.closeTo(2 * MIB, 64 * 1024)
      }
      expect(caches.length - greedy.length).to.equal(2)
      // Two for each that is greedy, and one in which the others are measured.
      expect(twin?.attempts).to.equal(2 * greedy.length + 1)
    })
  }
})
