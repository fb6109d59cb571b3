import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { attributeFleet, formatFleet } from '../../src/fleet/index.js'
import type { FleetReport } from '../../src/fleet/index.js'
import { AUTO, socketOf, startNode } from '../auto/programs.js'
import type { Program } from '../auto/programs.js'
import { JEMALLOC, needsJemalloc } from '../helpers/child.js'
import { processTree, withDescendants } from '../helpers/internals/fleet.js'
import { thorough } from '../helpers/thorough.js'
import { codeOf } from '../helpers/internals/support.js'

const CLUSTERED = fileURLToPath(new URL('fixtures/clustered.js', import.meta.url))
const SERVICE = fileURLToPath(new URL('../auto/fixtures/service.js', import.meta.url))
const ENTRY_BYTES = 10_240

/** The answer of `POST /cluster` at a socket. */
async function asked(socketPath: string, accept: string): Promise<string> {
  const request = http.request({ socketPath, method: 'POST', path: '/debug/memory/cluster', headers: { accept } })
  request.end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return text(response)
}

describe('the processes of a machine', function () {
  this.timeout(120_000)
  const base = mkdtempSync(path.join(os.tmpdir(), 'cluster-'))
  const programs: Program[] = []
  before(function () {
    needsJemalloc(this)
  })
  afterEach(async () => {
    for (const program of programs.splice(0)) await program.stop()
  })
  after(() => {
    rmSync(base, { recursive: true, force: true })
  })

  async function start(args: readonly string[], ready: string): Promise<Program> {
    const program = startNode(args, { env: { XDG_RUNTIME_DIR: base, LD_PRELOAD: JEMALLOC } })
    programs.push(program)
    await program.prints(ready)
    return program
  }

  /** Workers open their sockets a moment after they have begun. */
  async function clustered(dying: string): Promise<{ report: FleetReport; pids: number[] }> {
    const { pid } = await start(['--import', AUTO, CLUSTERED, dying], 'ready;')
    const pids = (await processTree(pid))?.map((one) => one.pid) ?? []
    await Promise.all(pids.map(socketOf))
    return { report: await attributeFleet({ cluster: pid }, { pauseMs: 60_000, concurrency: 2 }), pids }
  }

  thorough('answer as one cluster, process by process', async () => {
    const { report, pids } = await clustered('none')
    expect(pids).to.have.length(4)
    expect(report.replicas.map(({ name, status, pid }) => [name, status, pid])).to.deep.equal(
      pids.map((pid) => [`process ${String(pid)}`, 'measured', pid]),
    )
    const [cache, ...others] = report.caches
    expect([cache?.name, cache?.replicas, others]).to.deep.equal(['sessions', 3, []])
    const truth = 1800 * ENTRY_BYTES
    expect(cache?.sum.totalBytes).to.be.closeTo(truth, 0.05 * truth)
    expect(cache?.byReplica?.map(({ replica }) => replica)).to.have.members(
      pids.slice(1).map((pid) => `process ${String(pid)}`),
    )
    for (const { totalBytes } of cache?.byReplica ?? []) {
      const share = Math.round(totalBytes / (300 * ENTRY_BYTES))
      expect(totalBytes).to.be.closeTo(share * 300 * ENTRY_BYTES, 0.1 * share * 300 * ENTRY_BYTES)
    }
  })

  it('cost their own column where they end in the middle of their run', async () => {
    const { report, pids } = await clustered('2')
    expect(report.replicas.map(({ status }) => status).toSorted()).to.deep.equal([
      'failed',
      'measured',
      'measured',
      'measured',
    ])
    expect(report.stopped).to.equal(null)
    // The primary's own endpoint answers for all of them, those that have ended left out; it ends early where this machine is slow.
    const socketPath = await socketOf(pids[0] ?? 0)
    const page = await asked(socketPath, 'text/html')
    expect(page).to.match(/^<!doctype html>[^]*<h1>Caches of (?:\d of )?3 replicas, in /)
    const { replicas } = JSON.parse(await asked(socketPath, 'application/json')) as FleetReport
    expect(replicas.map(({ pid, status }) => [pid, status])).to.deep.include.members([[pids[0], 'measured']])
    expect(replicas).to.have.length(3)
    const truth = 1200 * ENTRY_BYTES
    expect(report.caches[0]?.replicas).to.equal(2)
    expect(report.caches[0]?.sum.totalBytes).to.be.closeTo(truth, 0.05 * truth)
    const shown = formatFleet(report, { color: false })
    expect(shown).to.match(
      /\nreplica +RSS +sessions\nprocess \d+ +[\d.]+ MiB +–\nprocess \d+ +[\d.]+ MiB +[\d.]+ MiB\n/,
    )
  })

  it('are told where they run Node without an endpoint, by their ids, too', async () => {
    const { pid } = await start([SERVICE, 'cluster'], 'worker=')
    for (const source of [{ cluster: pid }, { pid }]) {
      const { replicas } = await attributeFleet(source)
      expect(replicas).to.have.length('cluster' in source ? 2 : 1)
      for (const { status, error } of replicas) {
        expect([status, error?.code]).to.deep.equal(['unreachable', 'ERR_FLEET_NO_ENDPOINT'])
      }
    }
  })

  it('are refused where there is none', async () => {
    for (const [source, code] of [
      [{ cluster: 2 ** 30 }, 'ERR_FLEET_TARGETS'],
      [{ cluster: 0 }, 'ERR_OPTION_RANGE'],
      [{ pid: 1.5 }, 'ERR_OPTION_RANGE'],
      [{ pid: process.pid, url: 'http://a' }, 'ERR_OPTION_UNKNOWN'],
    ] as const) {
      const refused = await attributeFleet(source as { pid: number }).then(() => 'found', codeOf)
      expect(refused, JSON.stringify(source)).to.equal(code)
    }
  })

  it('are a tree by their parents, whatever the kernel says of others', () => {
    const parents = new Map([
      [10, 1],
      [30, 10],
      [12, 10],
      [40, 30],
      [1, 40],
      [99, 98],
    ])
    expect(withDescendants(10, parents)).to.deep.equal([10, 12, 30, 40, 1])
  })
})
