/**
 * Seven servers that nobody prepared, from the registry, plainly started, under load: how much of their live memory has a name
 * when the command attaches to them, and what that costs them.
 *
 *   node dist/bench/real-servers.js [--only NAME,NAME] [--node PATH] [--folder PATH] [--seconds 15] [--allocator glibc] [--text]
 *
 * Needs the npm registry the first time. The servers are installed into `--folder`, or into `real-servers` in the folder for
 * temporary files, and stay there. `--text` prints what `attach` prints.
 */
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Overview } from '../src/attach/agent/types.js'
import { Attachment } from '../src/attach/client/attachment.js'
import type { AttachCost } from '../src/attach/protocol.js'
import { formatDiscovery } from '../src/report/discovery/format-discovery.js'
import { explainedByGraph } from '../src/report/discovery/explained.js'
import { formatBytes, formatMs, formatShare } from '../src/support/units.js'
import { install } from './real-servers/install.js'
import { startLoad } from './real-servers/load.js'
import type { LoadCount } from './real-servers/load.js'
import { startServer } from './real-servers/running.js'
import type { RealServer } from './real-servers/server.js'
import { SERVERS } from './real-servers/servers.js'
import { chosenNodes, chosenOf, flags, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const HEAP_BAR = 0.9
const NATIVE_BAR = 0.8
const OWNERS = 20

const [node = process.execPath] = chosenNodes()
const folder = path.resolve(flags('folder')[0] ?? path.join(os.tmpdir(), 'real-servers'))
const seconds = Number(flags('seconds')[0] ?? '15')
const allocator = flags('allocator')[0] === 'glibc' ? 'glibc' : 'jemalloc'
const chosen = chosenOf(
  'only',
  SERVERS.map(({ name }) => name),
)

/** The observations of one server. */
interface Seen {
  readonly overview: Overview
  readonly cost: AttachCost
  readonly before: LoadCount
  readonly during: LoadCount
}

async function see(server: RealServer): Promise<Seen> {
  const installed = await install(server, folder, node)
  const running = await startServer(server, installed.folder, { node, allocator })
  try {
    await server.fill?.(`http://127.0.0.1:${String(running.ports.port)}`)
    const load = startLoad(server, running.ports, installed.folder)
    try {
      await delay(1000 * seconds)
      const before = load.take()
      const { overview, cost } = await attachTo(running.pid)
      return { overview, cost, before, during: load.take() }
    } finally {
      await load.stop()
    }
  } finally {
    await running.stop()
  }
}

async function attachTo(pid: number): Promise<Pick<Seen, 'overview' | 'cost'>> {
  const attachment = await Attachment.open(pid)
  try {
    const overview = (await attachment.ask('overview', { limit: OWNERS })) as Overview
    return { overview, cost: await attachment.cost() }
  } finally {
    await attachment.close()
  }
}

function show({ name }: RealServer, { overview, cost, before, during }: Seen): void {
  const { discovery } = overview
  const { live } = discovery
  const { heapShare, nativeShare } = live === null ? { heapShare: null, nativeShare: null } : explainedByGraph(live)
  const share = (of: number | null): string => (of === null ? 'unknown' : formatShare(of, 1))
  console.log(`### ${name}\n`)
  printTable(
    [
      'live JS heap',
      'named',
      'live native',
      'named',
      'owners of it',
      'requests',
      'failed',
      'longest wait',
      'pause',
      'took',
    ],
    [
      [
        formatBytes(live?.usedHeapBytes ?? null),
        share(heapShare),
        formatBytes(live?.allocatedBytes ?? null),
        share(nativeShare),
        live === null ? '–' : formatShare(live.ownedBytes, live.totalBytes),
        `${before.answered} + ${during.answered}`,
        before.failed + during.failed,
        during.longestMs === null ? '–' : formatMs(during.longestMs),
        formatMs(cost.longestPauseMs),
        formatMs(cost.durationMs),
      ],
    ],
  )
  console.log('```text')
  const text = formatDiscovery(discovery, { color: false })
  console.log(process.argv.includes('--text') ? text : text.split('\n').slice(0, 40).join('\n'))
  console.log('```\n')
  verdict(
    `${name}: of the live heap ${share(heapShare)} named (at least ${share(HEAP_BAR)})`,
    (heapShare ?? 0) >= HEAP_BAR,
  )
  verdict(
    `${name}: of live native memory ${share(nativeShare)} named (at least ${share(NATIVE_BAR)})`,
    (nativeShare ?? 0) >= NATIVE_BAR,
  )
  verdict(
    `${name}: ${String(before.failed + during.failed)} requests failed (none)`,
    before.failed + during.failed === 0,
  )
  console.log()
}

console.log(`Node ${versionOf(node)}, ${allocator}, ${String(seconds)} s of load before\n`)
for (const server of SERVERS) {
  if (!chosen.includes(server.name)) continue
  try {
    show(server, await see(server))
  } catch (error) {
    verdict(`${server.name}: ${error instanceof Error ? error.message : String(error)}`, false)
  }
}
