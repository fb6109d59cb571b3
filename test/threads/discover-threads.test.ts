import { expect } from 'chai'
import type { Owner } from '../../src/twin/index.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { DiscoverThreadsResult } from './fixtures/discover-threads.js'

const KIB = 1024

describe('discover() of all threads', function () {
  this.timeout(120_000)
  let result: DiscoverThreadsResult
  before(async function () {
    needsJemalloc(this)
    // The service alone: what counts lines keeps collections in the process.
    const env = { NODE_V8_COVERAGE: undefined }
    result = await runFixture('threads/fixtures/discover-threads', { preload: 'jemalloc', env, timeoutMs: 110_000 })
  })

  const owner = (threadId: number, entries: number): Owner => {
    const found = result.discovery.owners.find((each) => each.threadId === threadId && each.entries === entries)
    if (found === undefined)
      throw new Error(`no owner of ${String(entries)} in thread ${String(threadId)}\n${result.text}`)
    return found
  }

  it('names what each thread holds in one list, the largest first', () => {
    const { large, small } = result.ids
    const [ofLarge, ofMain, ofSmall] = [owner(large, 12_000), owner(0, 4000), owner(small, 2000)]
    expect(ofLarge.path).to.match(/sessions$/)
    expect(ofMain.path).to.match(/users$/)
    expect(ofLarge.own.totalBytes).to.be.within(12_000 * 100, 12_000 * 260)
    expect(ofSmall.own.totalBytes).to.be.within(2000 * 100, 2000 * 260)
    const { owners } = result.discovery
    expect([ofLarge, ofMain, ofSmall].map((each) => owners.indexOf(each))).to.deep.equal([0, 1, 2])
    expect(result.text).to.match(
      new RegExp(`worker ${String(large)} › discover-threads\\.js › .*sessions: Map\\(12,000\\)`),
    )
  })

  it('empties and measures each in a twin of its own thread', () => {
    for (const [threadId, entries] of [
      [result.ids.large, 12_000],
      [0, 4000],
    ] as const) {
      const { released, retained, uncertaintyBytes } = owner(threadId, entries)
      const allowed = Math.max(uncertaintyBytes ?? 0, 0.1 * retained.totalBytes)
      expect(released?.totalBytes).to.be.within(retained.totalBytes - allowed, retained.totalBytes + allowed)
    }
  })

  it('adds up over the threads that were searched', () => {
    const { owners, others, live } = result.discovery
    const listed = owners.reduce((sum, { own }) => sum + own.totalBytes, 0)
    expect(listed + others.totalBytes).to.be.closeTo(live?.ownedBytes ?? 0, 1)
    expect((live?.heapBytes ?? 0) + (live?.memoryBytes ?? 0)).to.be.closeTo(live?.totalBytes ?? 0, 1)
  })

  it('says which worker has nobody to ask, and warns of that one alone', () => {
    const { threads = [], warnings } = result.discovery
    const of = (threadId: number): unknown => threads.find((each) => each.threadId === threadId)
    expect(of(result.ids.large)).to.include({ status: 'searched' })
    expect(of(result.ids.without)).to.include({ status: 'without-coordinator' })
    expect(threads.find(({ status }) => status === 'searched')?.heapUsedBytes).to.be.greaterThan(1024 * KIB)
    const messages = warnings.filter(({ code }) => code === 'WARN_DISCOVER_THREADS').map(({ message }) => message)
    expect(messages).to.have.length(1)
    expect(messages[0]).to.match(/not searched: what 1 worker thread of/)
    expect(result.text).to.match(
      new RegExp(`not searched: worker ${String(result.ids.without)} .*it has no coordinator`),
    )
  })

  it('has the caches of all threads beside it, as text, and no other mode than a twin', () => {
    const { large, without } = result.ids
    expect(result.caches).to.match(/^No registered cache in 4 threads of process \d+, RSS [\d.]+ MiB, in /)
    expect(result.caches).to.match(/\nmain thread +[\d.]+ MiB +[\d.]+ MiB +measured\n/)
    expect(result.caches).to.match(new RegExp(`\\nworker ${String(large)} +[\\d.]+ MiB +[\\d.]+ MiB +measured`))
    expect(result.caches).to.match(new RegExp(`\\nworker ${String(without)} .* without coordinator`))
    expect(result.misspelt).to.equal(400)
  })

  it('is asked for in the main thread', () => {
    expect(result.refused).to.equal('ERR_THREADS_MAIN')
  })
})
