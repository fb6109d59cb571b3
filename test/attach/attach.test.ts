import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Discovery } from '../../src/twin/index.js'
import type { MemoryNode, AttributionReport } from '../../src/index.js'
import { MAIN } from '../cli/fixtures.js'
import { JEMALLOC, needsJemalloc } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import { command, targets } from './target.js'

const MINUTES = 60_000
/** 4,000 Buffers of 8 KiB, and what an object, a key and a place in a Map take. */
const BUFFER_BYTES = 4000 * 8192

interface Attached {
  readonly headline: readonly string[]
  readonly report: AttributionReport
  readonly discovery: Discovery
  readonly breakdown: MemoryNode
  readonly cost: { readonly longestPauseMs: number; readonly durationMs: number; readonly agentBytes: number }
}

describe('attach', function () {
  this.timeout(4 * MINUTES)
  const start = targets()

  async function attachTo(pid: number): Promise<Attached> {
    const { code, stdout, stderr } = await command('attach', '--json', String(pid))
    expect(code, stderr).to.equal(0)
    return JSON.parse(stdout) as Attached
  }

  function photosIn({ discovery }: Pick<Attached, 'discovery'>): number {
    const owner = discovery.owners.find(({ path: name }) => name?.includes('byId') === true)
    expect(owner?.script, JSON.stringify(discovery.owners)).to.match(/plain-server|server\.cjs/)
    expect(owner?.entries).to.equal(4000)
    return owner?.retained.memoryBytes ?? 0
  }

  it('names what a plain server holds, while every request is answered, and leaves it as it was', async () => {
    const target = await start()
    await target.state()
    const before = await target.state()
    const endLoad = target.load()
    const attached = await attachTo(target.pid)
    const { answered, failed } = await endLoad()
    expect(photosIn(attached)).to.be.within(0.98 * BUFFER_BYTES, 1.02 * BUFFER_BYTES)
    expect(attached.headline[0]).to.match(/byId: Map\(4,000\) holds most: 3\d\.\d+ MiB/)
    expect(attached.report.caches).to.deep.equal([])
    expect(attached.breakdown.bytes).to.be.greaterThan(BUFFER_BYTES)
    expect(JSON.stringify(attached.breakdown)).to.contain('"name":"live"').and.not.contain('live or garbage')
    // The text of the agent, which V8 11 keeps for some collections, is in no control.
    expect(attached.discovery.noise.heapBytes).to.be.below(512 * 1024)
    expect(attached.cost.longestPauseMs).to.be.greaterThan(0)
    expect(attached.cost.durationMs).to.be.greaterThan(attached.cost.longestPauseMs)
    expect(attached.cost.agentBytes).to.be.within(100_000, 20_000_000)
    expect(failed).to.equal(0)
    expect(answered).to.be.greaterThan(10)
    await delay(500)
    expect(await target.state()).to.deep.equal(before)
  })

  it('prints what it means first, then the owners, where RSS is, and the cost', async () => {
    const target = await start({ usualPort: true })
    const { code, stdout, stderr } = await command('attach', String(target.pid))
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(/^\S*byId: Map\(4,000\) holds most|^plain-server\.js/)
    const order = [
      'holds most',
      'Owners of live memory',
      'Where all of RSS is',
      'cost  ',
      `attach --watch ${String(target.pid)}`,
    ]
    const places = order.map((text) => stdout.indexOf(text))
    expect(places, stdout).to.deep.equal(places.toSorted((a, b) => a - b))
    expect(places[0]).to.be.greaterThan(-1)
    expect(stdout, 'an advice that the list of owners has followed').to.not.contain('discover and a class histogram')
    const listsAgent = /^cache-attribution +\d/m.test(stdout)
    expect(/^agent +part of "cache-attribution" by package/m.test(stdout), stdout).to.equal(listsAgent)
    expect(stderr).to.contain('loading the agent into the process')
  })

  it('works on CommonJS, under jemalloc', async function () {
    needsJemalloc(this)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'attach-test-'))
    try {
      const file = path.join(folder, 'server.cjs')
      writeFileSync(
        file,
        `const byId = new Map(); for (let id = 0; id < 4000; id++) byId.set('u' + id, { id, photo: Buffer.alloc(8192, 1) })
         const server = require('node:http').createServer((request, response) => response.end(String(byId.size)))
         server.listen(0, '127.0.0.1', () => console.log(server.address().port))`,
      )
      const target = await start({ file, env: { LD_PRELOAD: JEMALLOC } })
      const attached = await attachTo(target.pid)
      expect(attached.report.process.allocator.name).to.equal('jemalloc')
      expect(photosIn(attached)).to.be.within(0.98 * BUFFER_BYTES, 1.02 * BUFFER_BYTES)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  thorough('takes no variable for that of a package whose class stands beside it', async () => {
    const body = `const { LRUCache } = require('lru-cache'); const kept = new Map(Array.from({ length: 100 }, (_, id) => [id, Buffer.alloc(20000, 1)])); console.log(1); setInterval(() => [LRUCache, kept], 1000)`
    const target = await start({ file: '', execArgv: ['-e', body] })
    const { stdout, stderr } = await command('discover', '--json', String(target.pid))
    const { owners } = JSON.parse(stdout === '' ? stderr : stdout) as Discovery
    expect(owners[0]?.path).to.equal('kept')
    expect(owners[0]?.script ?? '').not.to.contain('lru-cache')
  })

  async function ask(...args: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await command(...args)
    expect(code, stderr).to.equal(0)
    return JSON.parse(stdout)
  }

  it('answers single questions', async () => {
    const target = await start()
    const pid = String(target.pid)
    const discovery = (await ask('discover', '--json', '--limit', '100', pid)) as Discovery
    expect(photosIn({ discovery })).to.be.greaterThan(0)
    // Nothing of the agent itself, which holds more than an owner at least has.
    expect(discovery.owners.filter((owner) => owner.path?.includes('Symbol(') === true)).to.deep.equal([])
    const counted = (await ask('histogram', '--json', pid)) as { classes: { className: string; count: number }[] }
    expect(
      counted.classes.some(({ className, count }) => /Buffer|Uint8Array/.test(className) && count >= 4000),
    ).to.equal(true)
    expect(await target.state()).to.include({ inspector: null })
  })

  // A whole attach asks them too.
  thorough('answers the single questions whose answers stand in a whole attach', async () => {
    const target = await start()
    const pid = String(target.pid)
    expect(((await ask('discover', '--json', '--limit', '1', pid)) as Discovery).owners).to.have.length(1)
    const tree = (await ask('breakdown', '--json', pid)) as MemoryNode
    expect(JSON.stringify(tree)).to.contain('"live"')
    expect(await target.state()).to.include({ inspector: null })
  })

  it('writes a heap snapshot to a file of its own, and none into the process', async () => {
    const target = await start()
    const folder = mkdtempSync(path.join(os.tmpdir(), 'attach-test-'))
    try {
      await target.state()
      const before = await target.state()
      const file = path.join(folder, 'x.heapsnapshot')
      const first = await command('heap-snapshot', String(target.pid), '-o', file)
      expect(first.code, first.stderr).to.equal(0)
      expect(statSync(file).mode & 0o777).to.equal(0o600)
      const snapshot = JSON.parse(readFileSync(file, 'utf8')) as { strings: string[] }
      expect(snapshot.strings).to.include('user:3999')
      const second = await command('heap-snapshot', String(target.pid), '-o', file)
      expect(second.code).to.equal(1)
      expect(second.stderr).to.contain('ERR_HEAP_SNAPSHOT_WRITE')
      await delay(500)
      expect(await target.state()).to.deep.equal(before)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  thorough('measures the caches that are registered with a coordinator of another copy', async () => {
    const target = await start({ file: new URL('fixtures/registered.js', import.meta.url).pathname })
    const { report, headline } = await attachTo(target.pid)
    expect(report.caches.map(({ name }) => name)).to.deep.equal(['photos'])
    expect(report.caches[0]?.released.totalBytes).to.be.within(0.98 * BUFFER_BYTES, 1.1 * BUFFER_BYTES)
    expect(headline[0]).to.match(/^The cache "photos" holds most/)
    // It kept every entry.
    expect(await target.get('/')).to.equal('4000')
  })

  thorough('leaves an inspector open that was open', async () => {
    const target = await start({ execArgv: ['--inspect=127.0.0.1:0'] })
    const { inspector } = await target.state()
    expect(inspector).to.match(/^ws:/)
    await attachTo(target.pid)
    await delay(200)
    expect((await target.state())['inspector']).to.equal(inspector)
  })

  for (const times of [2, 10]) {
    const test = times === 2 ? it : thorough
    test(`can be done ${String(times)} times in a row, and by two at once`, () => attachAgain(times))
  }

  async function attachAgain(times: number): Promise<void> {
    const target = await start()
    await target.state()
    const before = await target.state()
    for (let time = 0; time < times; time++) {
      const report = (await ask('attribute', String(target.pid), '--json')) as AttributionReport
      expect(report.process.pid).to.equal(target.pid)
    }
    const both = await Promise.all([1, 2].map(() => command('attribute', '--json', String(target.pid))))
    for (const { code, stderr } of both) expect(code, stderr).to.equal(0)
    await delay(500)
    expect(await target.state()).to.deep.equal(before)
  }

  for (const afterMs of [60, 150, 300, 700, 1500]) {
    const test = afterMs === 300 ? it : thorough
    test(`leaves the process as it was when the command is killed after ${afterMs} ms`, async () => {
      const target = await start()
      await target.state()
      const before = await target.state()
      const child = spawn(process.execPath, [MAIN, 'attach', String(target.pid)], { stdio: 'ignore' })
      // Where the machine is quick it may have ended by then.
      const exited = once(child, 'exit')
      await delay(afterMs)
      child.kill('SIGKILL')
      await exited
      await target.isAsBefore(before)
    })
  }
})
