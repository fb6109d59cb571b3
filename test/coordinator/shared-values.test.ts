import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { SharedValuesResult } from './fixtures/shared-values.js'
import { KIB, MIB, World, rowOf, warningsOf } from './world.js'

describe('two caches over the same values, in a real process', () => {
  let result: SharedValuesResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture<SharedValuesResult>('coordinator/fixtures/shared-values', { preload: 'jemalloc' })
  })

  it('give everything back with the one that is released last', () => {
    const [first, second] = result.reports
    if (first === undefined || second === undefined) throw new Error('no reports')
    expect(rowOf(first, 'by id').released.allocatedBytes).to.be.below(MIB)
    expect(rowOf(first, 'by name').released.allocatedBytes).to.be.above(12 * MIB)
    // The order has turned: by id is released last now.
    expect(rowOf(second, 'by id').released.allocatedBytes).to.be.above(12 * MIB)
    expect(rowOf(second, 'by name').released.allocatedBytes).to.be.below(MIB)
  })

  it('are named together as soon as the order has turned, and no other with them', () => {
    const [first, second] = result.reports.map(({ warnings }) =>
      warnings.filter(({ code }) => code === 'WARN_SHARED_MEMORY'),
    )
    expect(first).to.deep.equal([])
    expect(second).to.have.lengthOf(1)
    expect(second?.[0]?.message).to.match(/^"by name" and "by id" seem to hold the same values: about 12\.\d+ MiB/)
  })
})

describe('a cache that claims more than it gives back', () => {
  it('is told by a trim as well', async () => {
    const world = new World()
    const coordinator = world.coordinator({ controls: 4 })
    let count = 10_000
    // Its values are held elsewhere: to drop its entries frees nothing.
    coordinator.register('users', {
      release: () => undefined,
      entries: () => count,
      claimedBytes: () => count * 10 * KIB,
      trimChoices: ['random'],
      trim: (fraction) => {
        count -= Math.round(count * fraction)
      },
    })
    const report = await coordinator.attribute({ mode: 'trim' })
    expect(rowOf(report, 'users').status).to.equal('trimmed')
    expect(warningsOf(report)).to.deep.equal(['WARN_CLAIM_CONTRADICTED'])
    expect(report.warnings[0]?.message).to.match(/^"users" claims 97\.66 MiB, and 546\.9 KiB is what a trim estimates$/)
  })

  it('is not told where nothing was collected after its release', async () => {
    const world = new World()
    const coordinator = world.coordinator({ controls: 4 })
    coordinator.register('users', world.cache('users', { allocated: 12 * MIB }), { gc: 'none' })
    const report = await coordinator.attribute()
    expect(rowOf(report, 'users')).to.deep.include({ window: 'atomic', claimedBytes: 12 * MIB })
    expect(rowOf(report, 'users').released.totalBytes).to.equal(0)
    expect(warningsOf(report)).to.deep.equal([])
  })
})
