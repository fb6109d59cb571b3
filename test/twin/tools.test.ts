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
    const hoard = result.discovery.hoards.find(({ path }) => path?.includes('SessionStore.byToken'))
    expect(hoard).to.include({ kind: 'Map', entries: 50_000, significant: true })
    // A Map of 50,000 takes 2 MB or so, keys and objects as much again.
    expect(hoard?.released.totalBytes).to.be.within(4e6, 12e6)
  })

  it('discover() recognises registered caches, and does not list them', () => {
    expect(result.discovery.recognised.map(({ cache }) => cache)).to.include('thumbnails')
    expect(result.discovery.hoards.some(({ path }) => path?.includes('thumbnails'))).to.equal(false)
  })

  it('attribute({ discover }) seeks hoards after the caches, outside of its balance', () => {
    const { discovery, caches, unattributed, floor } = result.report
    expect(caches.map(({ name, status }) => [name, status])).to.deep.equal([
      ['thumbnails', 'released'],
      ['of threads', 'skipped'],
    ])
    const hoard = discovery?.hoards.find(({ path }) => path?.includes('SessionStore.byToken'))
    expect(hoard?.entries).to.equal(50_000)
    expect(hoard?.released.heapBytes).to.be.below(floor.heapBytes)
    expect(Math.abs(unattributed.heapBytes)).to.be.below(1e6)
    expect(result.text).to.contain('SessionStore.byToken: Map(50,000)')
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
