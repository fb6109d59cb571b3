import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { OrphanResult } from './fixtures/orphan.js'

describe('a twin whose parent is killed while a release is busy', function () {
  this.timeout(60_000)
  let lived: OrphanResult
  before(async function () {
    needsJemalloc(this)
    lived = await runFixture('twin/fixtures/orphan', { preload: 'jemalloc', timeoutMs: 55_000 })
  })

  for (const before of ['nothing', 'changes its effective user', 'changes its user for good', 'changes its group']) {
    it(`ends within two seconds, where the release before ${before === 'nothing' ? 'did nothing' : before}`, () => {
      expect(lived[before]).to.be.below(2000)
    })
  }
})
