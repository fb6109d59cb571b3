import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'

describe('a twin', () => {
  for (let attempt = 1; attempt <= 4; attempt++) {
    it(`makes resizable buffers, also beside mappings that it shares with its parent (process ${String(attempt)})`, async () => {
      expect(await runFixture<number>('twin/fixtures/resizable-buffers')).to.equal(200)
    })
  }
})
