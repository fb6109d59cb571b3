/**
 * Time and memory of asking a fleet: a hundred, a thousand and ten thousand replicas, simulated by one server that answers as
 * a replica does, each with twenty caches.
 *
 *   node dist/bench/fleet.js [--replicas 100,1000,10000]
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import v8 from 'node:v8'
import vm from 'node:vm'
import { Coordinator } from 'cache-attribution'
import type { AttributionReport } from 'cache-attribution'
import { attributeFleet } from 'cache-attribution/fleet'
import { flags } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const CACHES = 20
const CONCURRENCY = 16
/** A tenth of the replicas takes a tenth of time and memory; what is constant makes it less. */
const ALLOWED_FACTOR = 1.5

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

const counts = (flags('replicas')[0] ?? '100,1000,10000').split(',').map(Number)
const report = await reportOfCaches()
const server = http.createServer(answer)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

const measured: { replicas: number; ms: number; bytes: number; outliers: number }[] = []
// The first one loads what the others use.
await ask(100)
for (const replicas of counts) measured.push(await ask(replicas))
server.close()
server.closeAllConnections()

printTable(
  ['replicas', 'time', 'a replica', 'heap for the report', 'a replica', 'outliers found'],
  measured.map(({ replicas, ms, bytes, outliers }) => [
    String(replicas),
    `${(ms / 1000).toFixed(2)} s`,
    `${(ms / replicas).toFixed(2)} ms`,
    `${(bytes / 1e6).toFixed(2)} MB`,
    `${(bytes / replicas).toFixed(0)} B`,
    String(outliers),
  ]),
)
const [least, most] = [measured[0], measured.at(-1)]
if (least !== undefined && most !== undefined && most.replicas > least.replicas) {
  const time = most.ms / most.replicas / (least.ms / least.replicas)
  const memory = most.bytes / most.replicas / (least.bytes / least.replicas)
  verdict(`time a replica, most ÷ least: ${time.toFixed(2)}`, time <= ALLOWED_FACTOR)
  verdict(`memory a replica, most ÷ least: ${memory.toFixed(2)}`, memory <= ALLOWED_FACTOR)
}

async function ask(replicas: number): Promise<{ replicas: number; ms: number; bytes: number; outliers: number }> {
  const targets = Array.from({ length: replicas }, (_, index) => ({
    url: `http://127.0.0.1:${String(port)}/${String(index)}/`,
    name: `pod-${String(index)}`,
    labels: { version: String(index % 2) },
  }))
  collect()
  const before = process.memoryUsage().heapUsed
  const startMs = performance.now()
  const fleet = await attributeFleet(targets, { concurrency: CONCURRENCY })
  const ms = performance.now() - startMs
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  const outliers = fleet.caches.reduce((sum, cache) => sum + cache.outliers.length, 0)
  if (fleet.caches.some((cache) => cache.replicas !== replicas)) throw new Error('some replicas were not measured')
  return { replicas, ms, bytes, outliers }
}

async function reportOfCaches(): Promise<AttributionReport> {
  const coordinator = new Coordinator()
  for (let cache = 0; cache < CACHES; cache++) {
    const entries = new Map(Array.from({ length: 100 }, (_, key) => [key, new Array(100).fill(key)]))
    coordinator.register(`cache-${String(cache)}`, {
      release: () => {
        entries.clear()
      },
      entries: () => entries.size,
    })
  }
  return coordinator.attribute()
}

/** Every fiftieth replica has five times as much in each cache. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, index = '0', path = ''] = (request.url ?? '').split(/[/?]/)
  const body =
    path === 'status'
      ? { process: { pid: Number(index) + 1, host: 'simulated', memoryLimitBytes: null } }
      : path === 'observation'
        ? { sample: { rssBytes: 1e8 } }
        : Number(index) % 50 === 49
          ? enlarged(report)
          : report
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function enlarged(of: AttributionReport): AttributionReport {
  const caches = of.caches.map((row) => {
    const { released } = row
    return { ...row, released: { ...released, totalBytes: 5 * (released.totalBytes ?? 0) } }
  })
  return { ...of, caches }
}
