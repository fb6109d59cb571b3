import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { buildAddon } from '../helpers/native.js'
import type { WorkerTwinsResult } from './fixtures/worker-twins.js'

const KIB = 1024

describe('twins made by a worker thread', function () {
  this.timeout(120_000)
  let result: WorkerTwinsResult
  before(async function () {
    needsJemalloc(this)
    const args = [buildAddon(this, 'held-locks')]
    result = await runFixture('twin/fixtures/worker-twins', { preload: 'jemalloc', args, timeoutMs: 110_000 })
  })

  it('measure its caches as exactly as the main thread does, beside a busy main thread', () => {
    for (const { mode, caches } of result.reports) {
      expect(mode).to.equal('twin')
      const released = new Map(caches.map((row) => [row.name, row.released]))
      expect(released.get('buffers')?.allocatedBytes).to.be.closeTo(100 * (65_536 + 144), 256 * KIB)
      expect(released.get('objects')?.heapBytes).to.be.closeTo(4000 * 588, 256 * KIB)
    }
    expect(result.turns).to.be.greaterThan(10)
  })

  it('say whose heap it was, and nothing of threads that were not quiescent: a twin has none', () => {
    for (const { warnings } of result.reports) {
      const reported = warnings.filter(({ code }) => code === 'WARN_WORKER_THREAD').map(({ message }) => message)
      expect(reported).to.have.lengthOf(1)
      expect(reported[0]).to.match(/^made by a worker thread: .*heap is that of this thread/)
    }
  })

  it('find the owners and classes of its heap, and say whose heaps were not searched', () => {
    const { owners, warnings } = result.discovery
    const owner = owners.find(({ path }) => path === 'unregistered')
    expect(owner).to.include({ className: 'Map', entries: 20_000 })
    expect(owner?.released?.heapBytes).to.be.within(1e6, 5e6)
    expect(warnings.map(({ message }) => message).join('\n')).to.contain('not searched: what the main thread')
    expect(result.histogram).to.include({ method: 'heap walk', reason: null })
    const maps = result.histogram.classes.find(({ className }) => className === 'Map')
    expect(maps?.largest?.retainedBytes).to.be.within(6e6, 8e6)
  })

  it('end by themselves, whatever the function in them does', () => {
    expect(result.ends['a throw']).to.equal('ERR_TWIN_THROWN: thrown in the twin')
    expect(result.ends['process.exit()']).to.match(/^ERR_TWIN_CRASHED: it ended .* through process\.exit\(\)$/)
    expect(result.uncaught).to.deep.equal([])
  })

  it('take again a lock that the worker had taken', () => {
    expect(result.takenAgain).to.equal(0)
  })

  it('leave the worker with every entry', () => {
    expect(result.entries).to.deep.equal([100, 4000, 20_000])
  })

  it('end with their worker: nobody is left, V8 keeps its heap from forks, and the next run is made', () => {
    expect(result.childrenLeft).to.equal(0)
    expect(result.unkeptBytes).to.be.lessThan(KIB * KIB)
    expect(result.afterwards.caches.map(({ status }) => status)).to.deep.equal(['released'])
  })
})
