import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { ThreadsReport } from '../../src/threads/index.js'
import type { ThreadsResult } from './fixtures/threads.js'

const KIB = 1024
const ENTRY_BYTES = 65_536 + 144

describe('attributeThreads()', function () {
  this.timeout(120_000)
  let result: ThreadsResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('threads/fixtures/threads', { preload: 'jemalloc', timeoutMs: 110_000 })
  })

  const columnOf = (role: keyof ThreadsResult['ids']): ThreadsReport['threads'][number] | undefined =>
    result.report.threads.find(({ threadId }) => threadId === result.ids[role])

  it('adds up a cache of several threads, with its spread, whether their workers began before or after', () => {
    const shared = result.report.caches.find(({ name }) => name === 'shared')
    expect(shared?.threads).to.equal(3)
    expect(shared?.totalBytes).to.be.closeTo(450 * ENTRY_BYTES, 512 * KIB)
    expect(shared?.uncertaintyBytes).to.be.below(512 * KIB)
    expect(shared?.least?.threadId).to.equal(0)
    expect(shared?.least?.totalBytes).to.be.closeTo(50 * ENTRY_BYTES, 256 * KIB)
    expect(shared?.medianBytes).to.be.closeTo(100 * ENTRY_BYTES, 256 * KIB)
    expect(shared?.most?.threadId).to.equal(result.ids.large)
    expect(shared?.most?.totalBytes).to.be.closeTo(300 * ENTRY_BYTES, 256 * KIB)
  })

  it('says what each isolate holds, and RSS once; nobody loses an entry', () => {
    for (const role of ['small', 'large'] as const) {
      expect(columnOf(role)).to.include({ status: 'measured' })
      expect(columnOf(role)?.heapUsedBytes).to.be.greaterThan(1024 * KIB)
      expect(columnOf(role)?.reports[0]?.mode).to.equal('twin')
    }
    expect(result.report.threads[0]).to.include({ threadId: 0, status: 'measured' })
    expect(result.report.rssBytes).to.be.greaterThan(450 * ENTRY_BYTES)
    expect(result.entries).to.equal(50)
  })

  it('costs a thread that blocks, ends, or lies its own column', () => {
    expect(columnOf('blocked')?.error?.code).to.equal('ERR_THREAD_SILENT')
    expect(columnOf('ends')?.error?.code).to.equal('ERR_THREAD_ENDED')
    expect(columnOf('lies')?.error?.code).to.equal('ERR_THREAD_ANSWER')
    for (const role of ['blocked', 'ends', 'lies'] as const) {
      expect(columnOf(role)).to.include({ status: 'failed', heapUsedBytes: null })
    }
  })

  it('lists a worker without a coordinator', () => {
    expect(columnOf('without')).to.include({ status: 'without-coordinator' })
    expect(columnOf('without')?.reports).to.deep.equal([])
  })

  it('is one at a time, and of the main thread', () => {
    expect(result.second).to.equal('ERR_RUN_IN_PROGRESS')
    expect(result.asked).to.equal('ERR_THREADS_MAIN')
  })

  it('has the main thread alone where all workers have ended', () => {
    expect(result.alone.threads.map(({ threadId }) => threadId)).to.deep.equal([0])
    expect(result.alone.caches.map(({ name, threads }) => [name, threads])).to.deep.equal([['shared', 1]])
  })
})
