import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Discovery } from '../../src/twin/index.js'
import { thorough } from '../helpers/thorough.js'
import { command, targets } from './target.js'

const BLOCKED = fileURLToPath(new URL('fixtures/blocked-worker.js', import.meta.url))
const THREADED = fileURLToPath(new URL('fixtures/threaded.js', import.meta.url))

describe('discover --threads of a process that nobody prepared', function () {
  this.timeout(240_000)
  const start = targets()

  it('names what a worker holds, measured in a twin of its own, and leaves both threads as they were', async () => {
    const target = await start({ file: THREADED })
    await target.state()
    const before = await target.state()
    const { code, stdout, stderr } = await command('discover', '--threads', '--json', String(target.pid))
    expect(code, stderr).to.equal(0)
    const { owners, threads = [], warnings } = JSON.parse(stdout) as Discovery
    expect(owners[0]).to.include({ threadId: 1, entries: 20_000 })
    expect(owners[0]?.path).to.match(/sessions$/)
    const { released, retained, uncertaintyBytes } = owners[0] ?? {}
    const bytes = retained?.totalBytes ?? 0
    expect(bytes).to.be.within(20_000 * 100, 20_000 * 260)
    expect(released?.totalBytes).to.be.closeTo(bytes, Math.max(uncertaintyBytes ?? 0, 0.1 * bytes))
    expect(threads.map(({ threadId, status }) => [threadId, status])).to.deep.equal([[1, 'searched']])
    expect(threads[0]?.heapUsedBytes).to.be.greaterThan(bytes)
    expect(warnings.map(({ code: each }) => each)).to.not.include('WARN_DISCOVER_THREADS')
    await target.isAsBefore(before)
  })

  thorough('names a worker that waits in Atomics.wait(), and searches the one behind it', async () => {
    const target = await start({ file: BLOCKED })
    const { code, stdout, stderr } = await command('discover', '--threads', '--json', String(target.pid))
    expect(code, stderr).to.equal(0)
    const { owners, threads = [], warnings } = JSON.parse(stdout) as Discovery
    expect(threads.map(({ threadId, status, error }) => [threadId, status, error?.code])).to.deep.equal([
      [1, 'failed', 'ERR_THREAD_SILENT'],
      [2, 'searched', undefined],
    ])
    expect(threads[0]?.error?.message).to.match(/^it is blocked, for example in Atomics\.wait\(\): /)
    expect(owners[0]).to.include({ threadId: 2, entries: 20_000 })
    expect(warnings.map((each) => each.code)).to.include('WARN_DISCOVER_THREADS')
  })
})
