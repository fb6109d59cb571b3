import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { needsJemalloc, runFixture, skipOrFail } from '../../helpers/child.js'
import type { PoolAndWorkersResult } from '../fixtures/pool-and-workers.js'

describe('stacks of JavaScript of other threads', function () {
  let folder = ''
  let result: PoolAndWorkersResult
  before(async function () {
    needsJemalloc(this)
    if (process.arch !== 'x64') return skipOrFail(this, 'stacks of JavaScript are read on x64 alone')
    this.timeout(90_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'pool-'))
    result = await runFixture<PoolAndWorkersResult>('profiling/fixtures/pool-and-workers', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:false' },
      execArgv: ['--expose-gc'],
      args: [path.join(folder, 'pool.heap')],
      timeoutMs: 85_000,
    })
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  for (const [site, of] of [
    ['deriveKeys', 'crypto on the pool'],
    ['hashPasswords', 'crypto on the pool'],
    ['compressPages', 'zlib on the pool'],
    ['fillOuter', 'a worker without a profiler'],
    ['fillInner', 'a worker of a worker'],
  ] as const) {
    it(`name who asked for the memory of ${of}: ${site}`, () => {
      const { truth, found } = result
      expect(truth[site]).to.be.greaterThan(14_000_000)
      expect(found[site]).to.be.within(0.9 * (truth[site] ?? 0), 1.1 * (truth[site] ?? 0))
    })
  }

  it('say what the work on the pool is', () => {
    const { deriveKeys, hashPasswords, compressPages } = result.work
    expect([deriveKeys, hashPasswords, compressPages]).to.deep.equal([
      ['(crypto on libuv’s pool)'],
      ['(crypto on libuv’s pool)'],
      ['(zlib on libuv’s pool)'],
    ])
  })

  it('count what the pool does while a cache is filled as that cache’s', () => {
    expect(result.ofCache).to.be.within(0, 1.1 * (result.truth['deriveKeys'] ?? 0))
    expect(result.ofCache).to.be.greaterThan(0)
  })

  it('leave next to nothing of the pool without a requester, and no comment', () => {
    expect(result.poolReason).to.equal(null)
    expect(result.withoutRequester).to.be.lessThan(1_000_000)
    expect(result.comments).to.deep.equal([])
  })

  it('tell threads apart by name', () => {
    const { threads } = result
    expect(Object.keys(threads)).to.include.members(['(worker thread 1)', '(worker thread 2)'])
    const words =
      /^\((?:worker thread \d|cache keys|libuv’s pool|V8’s threads|threads of Node and V8|V8 collects garbage|a thread whose|JavaScript, which entered)/
    expect(Object.keys(threads).filter((name) => !words.test(name) && !name.startsWith('(anonymous)'))).to.deep.equal(
      [],
    )
  })

  it('keep names of what lives alone, and name a stack again that was forgotten', () => {
    const { before, after, seenAgain } = result.names
    expect(before).to.be.greaterThan(3000)
    expect(after).to.be.lessThan(before / 2)
    expect(seenAgain).to.be.within(20 * 300_000, 20 * 700_000)
  })

  it('leave jobs that are cancelled or end after recording as they are', () => {
    expect(result.aborted).to.equal('AbortError')
    expect(result.after).to.deep.equal({ isOn: false, keyBytes: 20_000 })
  })
})
