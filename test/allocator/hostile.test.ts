/** Controls of jemalloc asked for what they are not. */
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { HostileMallctlResult } from './fixtures/hostile-mallctl.js'

describe('hostile calls of mallctl', function () {
  this.timeout(120_000)

  for (const conf of ['', 'prof:true,prof_active:false']) {
    describe(conf === '' ? 'under jemalloc' : `under ${conf}`, () => {
      let result: HostileMallctlResult

      before(async function () {
        needsJemalloc(this)
        result = await runFixture('allocator/fixtures/hostile-mallctl', {
          preload: 'jemalloc',
          env: { MALLOC_CONF: conf },
          timeoutMs: 110_000,
        })
      })

      it('end in a value or an exception: every key as every type with every value', () => {
        expect(result.calls).to.be.greaterThan(100_000)
        for (const way of ['the addon', 'addon', 'ffi']) {
          expect(result.outcomes[way]?.values, way).to.be.greaterThan(100)
          expect(result.outcomes[way]?.refusals, way).to.be.greaterThan(20_000)
        }
      })

      it('are refused alike by C and by both bindings', () => {
        expect(result.disagreements).to.deep.equal([])
      })

      it('take no value that does not fit: none is cut, wrapped or rounded', () => {
        expect(result.cut).to.deep.equal([])
      })
    })
  }
})
