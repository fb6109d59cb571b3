import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { TwinToolsResult } from './fixtures/tools.js'

describe('what is made with twins', function () {
  this.timeout(90_000)
  let result: TwinToolsResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('twin/fixtures/tools', { preload: 'jemalloc', timeoutMs: 80_000 })
  })

  it('discover() finds what nobody registered, names it, and measures it', () => {
    const [owner] = result.discovery.owners
    expect(owner).to.include({ path: 'store.byToken', className: 'Map', entries: 50_000, cache: null })
    // A Map of 50,000 takes 2 MB or so, keys and objects as much again.
    expect(owner?.released?.totalBytes).to.be.within(4e6, 12e6)
    expect(owner?.returned?.residentBytes).to.be.within(3e6, 15e6)
  })

  it('discover() recognises registered caches', () => {
    const row = result.discovery.owners.find(({ path }) => path === 'thumbnails')
    expect(row).to.include({ cache: 'thumbnails', entries: 64 })
    expect(row?.released?.allocatedBytes).to.be.within(64 * 65_000, 64 * 66_500)
  })

  it('attribute({ discover }) finds owners after the caches, outside of its balance', () => {
    const { discovery, caches, unattributed, floor } = result.report
    expect(caches.map(({ name, status }) => [name, status])).to.deep.equal([
      ['thumbnails', 'released'],
      ['of threads', 'skipped'],
    ])
    const owner = discovery?.owners.find(({ path }) => path === 'store.byToken')
    expect(owner?.entries).to.equal(50_000)
    expect(owner?.released?.heapBytes).to.be.below(floor.heapBytes)
    expect(Math.abs(unattributed.heapBytes)).to.be.below(1e6)
    expect(result.text).to.contain('tools.js › store.byToken: Map(50,000)')
  })

  it('classHistogram() counts the objects of a class', () => {
    const row = result.histogram.classes.find(({ className }) => className === 'Session')
    expect(row?.count).to.equal(50_000)
  })

  it('heapSnapshot() writes a whole snapshot, for the owner alone', () => {
    const { bytes, size, mode, nodes } = result.snapshot
    expect(bytes).to.equal(size)
    expect(mode).to.equal(0o600)
    expect(nodes).to.be.above(50_000 * 6)
  })

  it('refuse what cannot be done, and touch no file of others', () => {
    expect(result.errors).to.deep.equal({
      'a file that exists': 'ERR_HEAP_SNAPSHOT_WRITE',
      'a folder that does not exist': 'ERR_HEAP_SNAPSHOT_WRITE',
      'no path': 'ERR_OPTION_TYPE',
      'an unknown option': 'ERR_OPTION_UNKNOWN',
      'no coordinator': 'ERR_OPTION_TYPE',
      'too short a time': 'ERR_TWIN_OVERTIME',
    })
    expect(result.isForeignFileKept).to.equal(true)
  })

  it('leave the process with every entry', () => {
    expect(result.sizes).to.deep.equal([50_000, 64])
  })
})
