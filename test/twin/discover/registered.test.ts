import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import type { Discovery } from '../../../src/twin/index.js'
import type { RegisteredResult } from './fixtures/registered.js'

describe('discover() beside registered caches', function () {
  this.timeout(180_000)
  let result: RegisteredResult

  before(async () => {
    result = await runFixture('twin/discover/fixtures/registered', {
      timeoutMs: 170_000,
      // The service alone: what counts lines keeps collections in the process.
      env: { NODE_V8_COVERAGE: undefined },
    })
  })

  const unknown = (discovery: Discovery | undefined): string[] =>
    (discovery?.owners ?? [])
      .filter(({ cache, script }) => cache === null && script?.endsWith('registered.js') === true)
      .map(({ path }) => path ?? '')
      .toSorted()

  it('lists what nobody registered as unknown, and no registered cache, without being given a coordinator', () => {
    expect(unknown(result.called)).to.deep.equal(['app.queue', 'leak'])
  })

  it('calls no registered cache unknown after a run either, whose releases leave their slots behind', () => {
    expect(unknown(result.inRun)).to.deep.equal(['app.queue', 'leak'])
  })

  it('recognises each of them, however it was registered', () => {
    const recognised = new Set(result.called.owners.flatMap(({ cache }) => cache ?? []))
    expect([...recognised].toSorted()).to.deep.equal(result.names.toSorted())
  })

  it('names one that its registration alone keeps by the cache, without a way through this library', () => {
    const rows = result.called.owners.filter(({ cache }) => cache === 'unheld')
    expect(rows).to.have.lengthOf(1)
    expect(rows[0]).to.include({ path: null, script: null, package: null, className: 'LRUCache', entries: 8000 })
    const ways = result.called.owners.map(({ path }) => path ?? '')
    expect(ways.filter((path) => path.includes('cache-attribution'))).to.deep.equal([])
  })

  it('tells what a release leaves behind in the rows of the cache', () => {
    const left = (cache: string): number =>
      result.inRun?.owners.reduce((sum, each) => sum + (each.cache === cache ? each.own.totalBytes : 0), 0) ?? NaN
    // Arrays for 16,000 entries, of keys, values, and more.
    for (const cache of ['users', 'spread', 'by hand', 'bound', 'pages', 'store'])
      expect(left(cache), cache).to.be.greaterThan(100_000)
  })

  it('leaves nothing on the global object when the coordinators are closed', () => {
    expect(result.openAfter).to.equal(0)
    expect(result.globals).to.not.include('Symbol(cache-attribution.coordinators)')
  })
})
