import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import type { RegisteredResult } from './fixtures/registered.js'

describe('discover() beside registered caches', () => {
  let result: RegisteredResult

  before(async () => {
    result = await runFixture('twin/discover/fixtures/registered', {
      timeoutMs: 120_000,
      // The service alone: what counts lines keeps collections in the process.
      env: { NODE_V8_COVERAGE: undefined },
    })
  })

  it('lists what nobody registered, and no registered cache, without being given a coordinator', () => {
    expect(result.called.hoards.map(({ path }) => path).toSorted()).to.deep.equal([
      'registered.js › app.queue',
      'registered.js › leak',
    ])
  })

  it('lists no registered cache after a run either, whose releases leave their slots behind', () => {
    expect(result.inRun?.hoards.map(({ path }) => path).toSorted()).to.deep.equal([
      'registered.js › app.queue',
      'registered.js › leak',
    ])
  })

  it('recognises each of them, however it was registered', () => {
    const recognised = new Set(result.called.recognised.map(({ cache }) => cache))
    expect([...recognised].toSorted()).to.deep.equal(result.names.toSorted())
  })

  it('tells what a release leaves behind as a line of the cache', () => {
    const left = (cache: string): number =>
      result.inRun?.recognised.reduce(
        (sum, each) => sum + (each.cache === cache ? (each.leftBehind?.heapBytes ?? 0) : 0),
        0,
      ) ?? NaN
    // Arrays for 16,000 entries, of keys, values, and more.
    for (const cache of ['users', 'spread', 'by hand', 'bound', 'pages', 'store'])
      expect(left(cache), cache).to.be.greaterThan(100_000)
  })

  it('leaves nothing on the global object when the coordinators are closed', () => {
    expect(result.openAfter).to.equal(0)
    expect(result.globals).to.not.include('Symbol(cache-attribution.coordinators)')
  })
})
