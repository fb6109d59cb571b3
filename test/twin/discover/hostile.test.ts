import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import type { Survived } from './fixtures/hostile.js'

describe('discover() among objects that run code when they are read', () => {
  it('runs none of it', async () => {
    const { ran } = await runFixture<Survived>('twin/discover/fixtures/hostile', { args: ['none'] })
    expect(ran).to.deep.equal([])
  })

  it('survives native modules whose accessors crash', async () => {
    const { ran, warnings } = await runFixture<Survived>('twin/discover/fixtures/hostile', { args: ['native'] })
    expect(ran).to.deep.equal([])
    expect(warnings).to.deep.equal([])
  })
})
