import { expect } from 'chai'
import type { Discovery } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'

describe('variables of suspended calls', function () {
  this.timeout(60_000)
  let discovery: Discovery
  before(async () => {
    const env = { NODE_V8_COVERAGE: undefined }
    discovery = await runFixture('twin/owners/fixtures/suspended', { env, timeoutMs: 55_000 })
  })

  for (const [what, path] of [
    ['that waits for the discovery itself', 'suspended()'],
    ['that waits for a timer', 'serve()'],
    ['without a name', '(anonymous)()'],
    ['of a generator', 'walk()'],
    ['of an asynchronous generator', 'run()'],
  ] as const) {
    it(`are owners that begin at the call: of one ${what}`, () => {
      const rows = discovery.owners.filter((owner) => owner.path?.includes(path) === true)
      expect(rows, JSON.stringify(discovery.owners.map((owner) => owner.path))).to.have.lengthOf(1)
      const [row] = rows
      expect(row?.script).to.match(/suspended\.js$/)
      expect(row?.entries).to.equal(5000)
      expect(row?.released?.heapBytes).to.be.closeTo(
        row?.retained.heapBytes ?? NaN,
        0.05 * (row?.retained.heapBytes ?? NaN),
      )
    })
  }
})
