import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { attributeFleet as ask, formatFleet } from '../../src/fleet/index.js'
import type { AttributeFleetOptions, FleetReport, FleetSource } from '../../src/fleet/index.js'
import { needsJemalloc } from '../helpers/child.js'
import { freePort } from '../helpers/free-port.js'
import { startReplica } from './replicas.js'
import type { Replica } from './replicas.js'
import { COMMAND_FILE } from '../helpers/internals/module-files.js'

const MIB = 1024 * 1024
const ENTRY_BYTES = 10_240
const LARGE_BYTES = 14_336
const MAIN = fileURLToPath(COMMAND_FILE)

/** A busy machine may hold a replica for a second: where that is no matter, it ends nothing. */
const attributeFleet = (sources: FleetSource | readonly FleetSource[], options: AttributeFleetOptions = {}) =>
  ask(sources, { pauseMs: 60_000, ...options })

describe('attributeFleet()', function () {
  this.timeout(120_000)
  let replicas: readonly Replica[]
  let dead: string
  let report: FleetReport
  const progress: Parameters<NonNullable<AttributeFleetOptions['onProgress']>>[0][] = []
  const fakes: Server[] = []

  before(async function () {
    needsJemalloc(this)
    const small = { entries: 400, entryBytes: ENTRY_BYTES, unregistered: 20_000 }
    replicas = await Promise.all([
      startReplica(small),
      startReplica(small),
      startReplica({ ...small, entries: 4000 }),
      startReplica({ entries: 400, entryBytes: LARGE_BYTES }),
    ])
    dead = `http://127.0.0.1:${String(await freePort())}`
    const targets = replicas.map(({ url }, index) => ({
      url,
      labels: { version: index === 3 ? '2.0' : '1.0', pod: String(index) },
    }))
    report = await attributeFleet([dead, ...targets], {
      discover: 5,
      onProgress: (step) => {
        progress.push(step)
        throw new Error('no matter of the fleet')
      },
    })
  })
  after(async () => {
    await Promise.all((replicas as readonly Replica[] | undefined)?.map(({ stop }) => stop()) ?? [])
    for (const fake of fakes) {
      fake.close()
      fake.closeAllConnections()
    }
  })

  const fake = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener)
    fakes.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  }
  /** Another answer than the replica's to some paths; the rest is the replica's own. */
  const inFrontOf = (
    replica: Replica,
    answers: Readonly<Record<string, (body: unknown) => unknown>>,
  ): Promise<string> =>
    fake((request, response) => {
      void (async () => {
        const path = new URL(request.url ?? '/', 'http://x').pathname.split('/').at(-1) ?? ''
        const answer = answers[path]
        // A call that is not passed on costs the replica no run.
        const isAsked = answer === undefined || path !== 'attribution'
        const body: unknown = isAsked
          ? await (await fetch(new URL(request.url ?? '/', replica.url), { method: request.method ?? 'GET' })).json()
          : null
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer === undefined ? body : answer(body)))
      })()
    })
  /** Gives what the run above found of a replica once more, without a run. */
  const measuredAbove = (index: number): Promise<string> => {
    const replica = replicas[index]
    if (replica === undefined) throw new Error('no replica')
    const own = progress.find((step) => step.replica.url.includes(replica.host))?.report
    return inFrontOf(replica, { attribution: () => own })
  }

  it('gives sum, median, least and most of a cache, each replica once, and nobody loses an entry', async () => {
    const [cache, ...others] = report.caches
    expect(others).to.deep.equal([])
    expect(cache).to.include({ name: 'thumbnails', replicas: 4 })
    const truth = [400, 400, 4000].map((entries) => entries * ENTRY_BYTES)
    const all = [...truth, 400 * LARGE_BYTES]
    const sum = all.reduce((bytes, own) => bytes + own, 0)
    expect(cache?.sum.allocatedBytes).to.be.closeTo(sum, 0.03 * sum)
    expect(cache?.sum.claimedBytes).to.equal(sum)
    expect(cache?.sum.entries).to.equal(5200)
    expect(cache?.sum.uncertaintyBytes).to.be.within(1, MIB)
    expect(cache?.least?.totalBytes).to.be.closeTo(400 * ENTRY_BYTES, 0.2 * MIB)
    expect(cache?.most).to.include({ replica: replicas[2]?.host })
    expect(cache?.median?.totalBytes).to.be.closeTo((400 * ENTRY_BYTES + 400 * LARGE_BYTES) / 2, 0.2 * MIB)
    expect(await Promise.all(replicas.map(({ entries }) => entries()))).to.deep.equal([400, 400, 4000, 400])
  })

  it('names the replica that holds far more than the others', () => {
    expect(report.caches[0]?.outliers.map(({ replica }) => replica)).to.deep.equal([replicas[2]?.host])
    expect(report.caches[0]?.outliers[0]?.timesMedian).to.be.within(7, 10)
  })

  it('says which version has the larger entries, with its error', () => {
    const [difference, ...others] = report.caches[0]?.differences ?? []
    expect(others).to.deep.equal([])
    expect(difference).to.include({ label: 'version', value: '2.0', against: '1.0' })
    expect(difference?.bytesPerEntry).to.be.closeTo(LARGE_BYTES - ENTRY_BYTES, difference?.uncertaintyBytes ?? 0)
    expect(difference?.uncertaintyBytes).to.be.below(LARGE_BYTES - ENTRY_BYTES)
    // Every pod is another one: that is no label to compare by.
    expect(Object.keys(report.caches[0]?.labels ?? {})).to.deep.equal(['version'])
  })

  it('merges owners that nobody registered by their path', () => {
    const pending = report.owners.find(({ name }) => name.includes('pending'))
    expect(pending?.replicas).to.equal(3)
    expect(pending?.most.totalBytes).to.be.above(2 * MIB)
  })

  it('has a replica that does not answer cost its own row, and makes the next one the canary', () => {
    const [first, ...others] = report.replicas
    expect(first).to.include({ status: 'unreachable', url: `${dead}/debug/memory/`, rssBytes: null })
    expect(first?.error?.code).to.equal('ERR_ADMIN_ANSWER')
    expect(others.map(({ status }) => status)).to.deep.equal(['measured', 'measured', 'measured', 'measured'])
    expect(report.stopped).to.equal(null)
  })

  it('says how far it is, with each report, and passes over what the listener throws', () => {
    expect(progress.map(({ done, total }) => [done, total])).to.deep.equal([1, 2, 3, 4, 5].map((done) => [done, 5]))
    expect(progress[0]?.report).to.equal(null)
    expect(progress[1]?.report?.mode).to.equal('twin')
  })

  it('is shown with what stands out first', () => {
    const shown = formatFleet(report, { color: false })
    const [title = '', , difference = '', outlier = ''] = shown.split('\n')
    expect(title).to.match(/^Caches of 4 of 5 replicas, in /)
    expect(difference).to.match(/^thumbnails: an entry takes \d.* more in version 2\.0 than in version 1\.0$/)
    expect(outlier).to.match(/^thumbnails: 127\.0\.0\.1:\d+ holds (?:39|40)\.\d+ MiB, \d+\.\d × the median$/)
    expect(shown).to.include(`${dead.replace('http://', '')} unreachable: ERR_ADMIN_ANSWER`)
    for (const line of formatFleet(report, { color: false, width: 60 }).split('\n'))
      expect(line.length).to.be.at.most(60)
  })

  it('is what the command prints', async () => {
    const [one, two] = [replicas[0]?.url ?? '', replicas[1]?.url ?? '']
    const child = spawn(process.execPath, [MAIN, 'fleet', one, '--pause-ms', '60000', '--json', two, dead], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ])
    const printed = JSON.parse(stdout) as FleetReport
    expect(printed.caches.map(({ name, replicas: count }) => [name, count])).to.deep.equal([['thumbnails', 2]])
    expect(printed.replicas.map(({ status }) => status)).to.deep.equal(['measured', 'measured', 'unreachable'])
    expect(stderr).to.match(/1 of 3: 127\.0\.0\.1:\d+ measured in /)
    expect(code).to.equal(0)
  })

  describe('where something goes wrong', () => {
    it('counts a process once that has two addresses', async () => {
      const [replica] = replicas
      if (replica === undefined) throw new Error('no replica')
      const other = await inFrontOf(replica, {})
      const { caches, replicas: rows } = await attributeFleet([await measuredAbove(0), other])
      expect(caches[0]?.replicas).to.equal(1)
      expect(rows[1]).to.include({ status: 'skipped' })
      expect(rows[1]?.error?.code).to.equal('ERR_FLEET_SAME_PROCESS')
    })

    it('spares a replica that is near its memory limit', async () => {
      const [, replica] = replicas
      if (replica === undefined) throw new Error('no replica')
      const short = await inFrontOf(replica, {
        status: (body) => {
          const status = body as { process: object }
          return { ...status, process: { ...status.process, memoryLimitBytes: MIB } }
        },
      })
      const { replicas: rows } = await attributeFleet(short)
      expect(rows[0]).to.include({ status: 'skipped', memoryLimitBytes: MIB })
      expect(rows[0]?.error?.code).to.equal('ERR_FLEET_MEMORY')
    })

    it('believes no answer that is no report, and no more bytes than there are', async () => {
      const [, , , replica] = replicas
      if (replica === undefined) throw new Error('no replica')
      const lies: readonly unknown[] = [null, [], { caches: [] }, 'x']
      const liars = await Promise.all(
        lies.map((lie, index) =>
          inFrontOf(replica, {
            attribution: () => lie,
            status: (body) => {
              const status = body as { process: object }
              return { ...status, process: { ...status.process, pid: index } }
            },
          }),
        ),
      )
      const huge = await inFrontOf(replica, {
        attribution: () => {
          const whole = progress[1]?.report
          return {
            ...whole,
            caches: whole?.caches.map((row) => ({ ...row, released: { ...row.released, totalBytes: 1e300 } })),
          }
        },
      })
      const { caches, replicas: rows } = await attributeFleet([...liars, huge], { canary: false, failures: 99 })
      expect(rows.map(({ status, error }) => [status, error?.code])).to.deep.equal(
        Array.from({ length: 5 }, () => ['failed', 'ERR_ADMIN_ANSWER']),
      )
      expect(caches).to.deep.equal([])
    })

    it('waits for a replica that is slow no longer than it may take', async () => {
      const one = await measuredAbove(0)
      const silent = await fake(() => undefined)
      const trickling = await fake((_, response) => {
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => {
          clearInterval(timer)
        })
      })
      const { replicas: rows } = await attributeFleet([silent, trickling, one], {
        answerTimeoutMs: 2000,
        concurrency: 3,
      })
      expect(rows.map(({ status }) => status)).to.deep.equal(['unreachable', 'unreachable', 'measured'])
    })

    it('asks nobody else where the run of the first one does not end well, or one stands still for too long', async () => {
      const [one, two] = replicas
      if (one === undefined || two === undefined) throw new Error('no replica')
      const breaking = await inFrontOf(one, { attribution: () => null })
      const failed = await attributeFleet([breaking, two.url])
      expect(failed.stopped?.code).to.equal('ERR_FLEET_STOPPED')
      expect(failed.replicas.map(({ status }) => status)).to.deep.equal(['failed', 'not-asked'])
      const paused = await attributeFleet([await measuredAbove(0), two.url], { pauseMs: 0 })
      expect(paused.stopped?.message).to.match(/stood still for .* longer than 0\.0 ms/)
      expect(paused.replicas.map(({ status }) => status)).to.deep.equal(['measured', 'not-asked'])
      expect(formatFleet(paused)).to.match(/ERR_FLEET_STOPPED: .*; 1 replica not asked$/)
    })

    it('ends after so many failures, and keeps what was measured', async () => {
      const [one] = replicas
      if (one === undefined) throw new Error('no replica')
      const breaking = await Promise.all(
        [1, 2, 3].map((pid) =>
          inFrontOf(one, {
            attribution: () => null,
            status: (body) => ({ ...(body as object), process: { pid, host: 'h' } }),
          }),
        ),
      )
      const { stopped, replicas: rows } = await attributeFleet([await measuredAbove(0), ...breaking], { failures: 2 })
      expect(rows.map(({ status }) => status)).to.deep.equal(['measured', 'failed', 'failed', 'not-asked'])
      expect(stopped?.message).to.match(/^2 runs did not end well/)
    })

    it('names the abort where that broke the first run off, and blames no replica', async () => {
      const [one, two] = replicas
      if (one === undefined || two === undefined) throw new Error('no replica')
      const abort = new AbortController()
      const silent = await fake((request, response) => {
        if (request.method === 'POST') {
          abort.abort()
          return
        }
        void fetch(new URL(request.url ?? '/', one.url)).then(async (answer) => response.end(await answer.text()))
      })
      const ended = await attributeFleet([silent, two.url], { signal: abort.signal })
      expect(ended.stopped?.code).to.equal('ERR_RUN_ABORTED')
      expect(ended.replicas.map(({ status, error }) => [status, error?.code])).to.deep.equal([
        ['failed', 'ERR_RUN_ABORTED'],
        ['not-asked', 'ERR_RUN_ABORTED'],
      ])
    })

    it('ends by its signal with what it has', async () => {
      const abort = new AbortController()
      const others = replicas.slice(1).map(({ url }) => url)
      const ended = await attributeFleet([await measuredAbove(0), ...others], {
        signal: abort.signal,
        onProgress: () => {
          abort.abort()
        },
      })
      expect(ended.stopped?.code).to.equal('ERR_RUN_ABORTED')
      expect(ended.replicas.map(({ status }) => status)).to.deep.equal([
        'measured',
        'not-asked',
        'not-asked',
        'not-asked',
      ])
      expect(ended.caches[0]?.replicas).to.equal(1)
    })
  })
})
