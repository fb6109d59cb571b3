import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { TwinOverHttp } from './fixtures/twin.js'

describe('what is done in a twin, over HTTP', () => {
  let seen: TwinOverHttp
  before(async function () {
    this.timeout(90_000)
    needsJemalloc(this)
    seen = await runFixture<TwinOverHttp>('http/admin/fixtures/twin', { preload: 'jemalloc', timeoutMs: 80_000 })
  })

  it('is a run where nothing else was said, which takes no entry away', () => {
    const { report, entriesLeft } = seen
    expect(report).to.include({ mode: 'twin', trigger: 'http' })
    expect(report.caches[0]?.released.allocatedBytes).to.be.within(2000 * 8192, 2000 * 8192 * 1.1)
    expect(entriesLeft).to.equal(2000)
  })

  it('is a discovery, which identical requests share', () => {
    expect(seen.joined).to.deep.equal({ statuses: [200, 200], same: true })
    expect(seen.discovery.owners[0]).to.include({ cache: 'pages' })
    const unregistered = seen.discovery.owners.filter(({ cache, path }) => cache === null && path !== null)
    expect(unregistered[0]?.path).to.include('sessions')
  })

  it('is told as it goes on to a client that takes events, with what it was expected to cost', () => {
    const events = seen.streamed.map(({ event }) => event)
    expect(events.at(-1)).to.equal('discovery')
    expect(seen.streamed.at(-1)?.data).to.deep.equal(seen.discovery)
    const progress = seen.streamed.filter(({ event }) => event === 'discovery-progress').map(({ data }) => data)
    expect(new Set(progress.map(({ stage }) => stage))).to.deep.equal(new Set(['preparing', 'walking', 'measuring']))
    for (const { expected } of progress) expect(expected?.memoryBytes).to.be.greaterThan(1e6)
  })

  it('is refused, or ended, where a discovery is beyond its budget', () => {
    expect(seen.beyond).to.deep.equal([
      [422, 'ERR_BUDGET_MEMORY'],
      [422, 'ERR_BUDGET_DURATION'],
    ])
  })

  it('is a table of classes, as JSON and as text', () => {
    expect(seen.histogram.classes).to.have.length(10)
    expect(seen.histogram.engine?.map(({ what }) => what)).to.include.members(['strings', 'functions', 'code'])
    expect(seen.histogramText).to.match(/^Live objects by class/)
  })

  it('is a heap snapshot, whole, as a download', () => {
    const { headers, bytes, nodes, hasSecret } = seen.snapshot
    expect(headers).to.include({ 'content-type': 'application/octet-stream', 'content-length': String(bytes) })
    expect(headers['content-disposition']).to.match(/^attachment; filename="heap-\d+-[\dTZ-]+\.heapsnapshot"$/)
    expect(nodes).to.be.greaterThan(10_000)
    expect(hasSecret).to.equal(true)
  })

  it('has a file without a name for the snapshot, and none afterwards', () => {
    expect(seen.names).to.deep.equal([])
    expect(seen.unnamedFiles).to.be.greaterThan(0)
    expect(seen.filesLeft).to.equal(0)
  })

  it('takes one snapshot after the other, also when a reader leaves halfway', () => {
    expect(seen.whileDownloading).to.deep.equal({ status: 409, code: 'ERR_RUN_IN_PROGRESS' })
    expect(seen.afterLeaving).to.equal(200)
  })
})
