/**
 * The effect of an attach on real servers, started plainly and under load: failed requests, pause, time to the answer, memory left
 * behind, and whether an owner of known size is named and sized. RSS grows under a load by itself: the same server under the same
 * load for the same time, without an attach, is the control.
 *
 *   node dist/bench/attach-servers.js --folder FOLDER [--node PATH]… [--only NAMES] [--times 3] [--glibc]
 *
 * A server is installed from the registry into the folder once. The owner is a Map of Buffers of a file that is required before
 * the server's own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Overview } from '../src/attach/agent/types.js'
import { Attachment } from '../src/attach/client/attachment.js'
import { install } from './real-servers/install.js'
import { startLoad } from './real-servers/load.js'
import type { Load } from './real-servers/load.js'
import { startServer } from './real-servers/running.js'
import type { RealServer } from './real-servers/server.js'
import { SERVERS } from './real-servers/servers.js'
import { chosenNodes, chosenOf, flags, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const MIB = 1024 * 1024
const WITHIN = 0.02
const DEFAULT_NAMES = ['verdaccio', 'apollo', 'node-red', 'next', 'aedes']
const NAMES =
  flags('only').length === 0
    ? DEFAULT_NAMES
    : chosenOf(
        'only',
        SERVERS.map(({ name }) => name),
      )
const TIMES = Number(flags('times')[0] ?? '3')
const WARM_UP_MS = 5_000
const SETTLE_MS = 3_000

const PLANTED_NAME = 'plantedById'
const PLANTED_ENTRIES = 3000
const PLANTED_BYTES = PLANTED_ENTRIES * 8192
/** In a process of the server alone: npm's and next's helpers load it too, and hold nothing then. */
const PLANT = `const ${PLANTED_NAME} = new Map()
for (let id = 0; id < ${String(PLANTED_ENTRIES)}; id++) ${PLANTED_NAME}.set('planted:' + id, Buffer.alloc(8192, 1))
module.exports = { ${PLANTED_NAME} }
`

interface Seen {
  readonly answerMs: number
  readonly pauseMs: number
  readonly plantedBytes: number | null
  readonly answered: number
  readonly failed: number
}

const root = flags('folder')[0] ?? path.join(tmpdir(), 'real-servers')
for (const node of chosenNodes()) {
  console.log(`### Node ${versionOf(node)}\n`)
  const rows: (string | number)[][] = []
  const outcomes: [string, boolean][] = []
  for (const server of SERVERS.filter(({ name }) => NAMES.includes(name))) {
    const { seen, grownBytes, loadMs } = await underLoad(server, node, attachTimes)
    const control = await underLoad(server, node, () => delay<Seen[]>(loadMs, []))
    const ratios = seen.map(({ plantedBytes }) => (plantedBytes ?? NaN) / PLANTED_BYTES)
    const failed = seen.reduce((sum, each) => sum + each.failed, 0)
    const answered = seen.reduce((sum, each) => sum + each.answered, 0)
    rows.push([
      server.name,
      seen.map(({ answerMs }) => (answerMs / 1000).toFixed(1)).join(', '),
      seen.map(({ pauseMs }) => pauseMs.toFixed(0)).join(', '),
      ratios.map((ratio) => ratio.toFixed(4)).join(', '),
      answered,
      failed,
      (grownBytes / MIB).toFixed(1),
      (control.grownBytes / MIB).toFixed(1),
      ((grownBytes - control.grownBytes) / MIB).toFixed(1),
    ])
    outcomes.push([`${server.name}: no request failed`, failed === 0 && answered > 0])
    outcomes.push([
      `${server.name}: the planted owner within 2 %`,
      ratios.every((ratio) => Math.abs(ratio - 1) <= WITHIN),
    ])
  }
  printTable(
    [
      'server',
      's to the answer',
      'longest pause, ms',
      'planted ÷ truth',
      'answered meanwhile',
      'failed',
      'RSS after, MiB more',
      'of the control',
      'difference',
    ],
    rows,
  )
  for (const [what, held] of outcomes) verdict(what, held)
}

/** The work done meanwhile, and its result. */
interface Outcome {
  readonly seen: Seen[]
  /** Of RSS, from the end of the warm-up to some seconds after the task. */
  readonly grownBytes: number
  /** How long the task took. */
  readonly loadMs: number
}

async function underLoad(
  server: RealServer,
  node: string,
  task: (pid: number, load: Load) => Promise<Seen[]>,
): Promise<Outcome> {
  const { folder } = await install(server, path.join(root, path.basename(versionOf(node))), node)
  const plant = path.join(folder, 'planted.cjs')
  writeFileSync(plant, PLANT)
  const planted: RealServer = {
    ...server,
    args: (ports) => ['--inspect-port=0', '--require', plant, ...server.args(ports)],
  }
  const running = await startServer(planted, folder, {
    node,
    allocator: process.argv.includes('--glibc') ? 'glibc' : 'jemalloc',
  })
  try {
    await server.fill?.(`http://127.0.0.1:${String(running.ports.port)}`)
    const load = startLoad(server, running.ports, folder)
    await delay(WARM_UP_MS)
    const before = rssOf(running.pid)
    const startMs = performance.now()
    const seen = await task(running.pid, load)
    const loadMs = performance.now() - startMs
    await delay(SETTLE_MS)
    const grownBytes = rssOf(running.pid) - before
    await load.stop()
    return { seen, grownBytes, loadMs }
  } finally {
    await running.stop()
  }
}

async function attachTimes(pid: number, load: Load): Promise<Seen[]> {
  const seen: Seen[] = []
  for (let time = 0; time < TIMES; time++) {
    load.take()
    const { answerMs, pauseMs, plantedBytes } = await attachOnce(pid)
    const { answered, failed } = load.take()
    seen.push({ answerMs, pauseMs, plantedBytes, answered, failed })
  }
  return seen
}

async function attachOnce(pid: number): Promise<Pick<Seen, 'answerMs' | 'pauseMs' | 'plantedBytes'>> {
  const attachment = await Attachment.open(pid, { openTimeoutMs: 30_000 })
  try {
    const { discovery } = (await attachment.ask('overview', { limit: 30 })) as Overview
    const { durationMs, longestPauseMs } = await attachment.cost()
    const owner = discovery.owners.find(({ path: name }) => name?.includes(PLANTED_NAME) === true)
    return { answerMs: durationMs, pauseMs: longestPauseMs, plantedBytes: owner?.retained.memoryBytes ?? null }
  } finally {
    await attachment.close()
  }
}

function rssOf(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]
  return 1024 * Number(kib)
}
