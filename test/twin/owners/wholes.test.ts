import { expect } from 'chai'
import type { Owner } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import { ENTRIES, TENANTS } from './fixtures/wholes.js'
import type { WholesResult } from './fixtures/wholes.js'

describe('caches of several collections that nobody registered', () => {
  let result: WholesResult

  before(async function () {
    this.timeout(60_000)
    result = await runFixture('twin/owners/fixtures/wholes', { preload: 'jemalloc', timeoutMs: 55_000 })
  })

  function only(path: string): Owner {
    const rows = result.discovery.owners.filter(
      (each) => each.path === path || each.path?.startsWith(`${path}.`) === true,
    )
    expect(rows, `rows of ${path} in\n${result.text}`).to.have.length(1)
    const [row] = rows
    if (row === undefined) throw new Error('none')
    return row
  }

  for (const [path, className] of [
    ['lruCache', 'LRUCache'],
    ['quick', 'QuickLRU'],
    ['tiny', 'LRU'],
    ['nodeCache', 'NodeCache'],
    ['mnemonist', 'LRUMap'],
    ['sessions', 'Sessions'],
    ['journal', 'Journal'],
    ['ordered', 'OrderedMap'],
  ] as const) {
    it(`are one row, emptied and measured as a whole: ${path}`, () => {
      const owner = only(path)
      expect(owner).to.include({ className, kind: 'collection', entries: ENTRIES, instances: 1 })
      // At the least an object, an array of two texts and another object for each entry.
      expect(owner.own.totalBytes).to.be.greaterThan(ENTRIES * 150)
      const { released, retained, uncertaintyBytes } = owner
      const allowed = Math.max(uncertaintyBytes ?? 0, 0.1 * retained.totalBytes)
      expect(released?.totalBytes).to.be.within(retained.totalBytes - allowed, retained.totalBytes + allowed)
    })
  }

  it('say which field holds how much', () => {
    const { fields = [], own } = only('sessions')
    expect(fields.map(({ path }) => path)).to.include.members(['#byId'])
    expect(fields.reduce((sum, { totalBytes }) => sum + totalBytes, 0)).to.be.at.most(own.totalBytes)
    expect(result.text).to.match(/wholes\.js › sessions: Sessions\(3,000\).*with #byId /)
  })

  it('have the memory of their Buffers', () => {
    const owner = only('uploads')
    expect(owner).to.include({ className: 'LRUCache', entries: 30 })
    expect(owner.own.memoryBytes).to.be.within(3_000_000, 3_030_000)
  })

  it('are one row where there are several of one path', () => {
    expect(only('tenants[*]')).to.include({ className: 'LRUCache', instances: TENANTS, entries: ENTRIES })
  })

  it('leave the collections of a hub apart', () => {
    const paths = result.discovery.owners.flatMap(({ path }) => (path?.startsWith('service') === true ? [path] : []))
    expect(paths).to.have.members(['service.users', 'service.orders'])
  })
})
