/**
 * Three replicas of a service that measure themselves in turns by a lease in a real Redis, a real Prometheus that scrapes them, and one
 * report over what Prometheus scrapes. (A service would measure each hour, not each second.)
 *
 *   npx cache-attribution run dist/examples/20-replicas.js        needs Debian's packages prometheus and redis-server
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Coordinator } from 'cache-attribution'
import { attributeFleet, formatFleet, redisLease } from 'cache-attribution/fleet'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { PeriodicReporter } from 'cache-attribution/log'
import type { MemoryLine } from 'cache-attribution/log'
import { collectMetrics } from 'cache-attribution/metrics'
import { startPrometheus } from './12-metrics/prometheus.js'
import { startRedis } from './20-replicas/redis.js'

const ENTRY_BYTES = 10_240
const ENTRIES = [1000, 1000, 6000]
const LONGEST_MS = 60_000

const [socket, entries] = process.argv.slice(2)
if (socket === undefined) await main()
else await serve(socket, Number(entries))

/** One replica: sends its port, then each report; stops measuring on request, and ends with the process that started it. */
async function serve(redis: string, count: number): Promise<void> {
  const sessions = new Map(Array.from({ length: count }, (_, key) => [key, Buffer.alloc(ENTRY_BYTES)]))
  const coordinator = new Coordinator()
  coordinator.register('sessions', { release: () => sessions.clear(), entries: () => sessions.size })
  const listener = toNodeListener(createAdminHandler(coordinator, { metrics: collectMetrics(coordinator) }))
  const server = http.createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)

  const client = new Redis(redis)
  const tell = (line: unknown): void => void process.send?.(line)
  const reporter = new PeriodicReporter(coordinator, {
    lease: redisLease(client, { name: 'shop' }),
    leaseWaitMs: LONGEST_MS,
    schedules: [{ every: 1000, mode: 'twin' }],
    logger: { info: tell, warn: tell, child: tell },
    // Other examples may run beside this one.
    lateMs: 10_000,
    cpu: Infinity,
  })
  process.once('message', () => {
    void reporter.close().then(() => {
      client.disconnect()
      process.send?.('stopped')
    })
  })
  process.on('disconnect', () => process.exit())
}

async function main(): Promise<void> {
  await using redis = await startRedis()
  const file = fileURLToPath(import.meta.url)
  const replicas = ENTRIES.map((count) => fork(file, [redis.socket, String(count)]))
  try {
    const ports = await Promise.all(replicas.map(async (replica) => (await once(replica, 'message'))[0] as number))
    const reports = replicas.map(reportsOf)
    await using prometheus = await startPrometheus({
      targets: Object.fromEntries(
        ports.map((port, index) => [`shop-${index}`, `http://127.0.0.1:${port}/debug/memory/metrics`]),
      ),
    })
    const until = performance.now() + LONGEST_MS
    while (reports.some(({ length }) => length === 0) && performance.now() < until) await delay(100)
    // The next scrape has the measured sizes.
    await delay(2500)
    const series = await prometheus.query('cache_attribution_cache_measured_timestamp_seconds{cache="sessions"}')
    await Promise.all(replicas.map(stopped))
    const fleet = await attributeFleet({ prometheus: prometheus.url }, { pauseMs: LONGEST_MS })
    console.log(formatFleet(fleet))
    check(reports, series.length, fleet)
  } finally {
    for (const replica of replicas) if (replica.connected) replica.disconnect()
  }
}

/** The reports that a replica logs from now on. */
function reportsOf(replica: ChildProcess): MemoryLine[] {
  const lines: MemoryLine[] = []
  replica.on('message', (message) => {
    if ((message as Partial<MemoryLine>).event === 'memory-report') lines.push(message as unknown as MemoryLine)
  })
  return lines
}

async function stopped(replica: ChildProcess): Promise<void> {
  replica.send('stop')
  for (;;) {
    const [message] = (await once(replica, 'message')) as [unknown]
    if (message === 'stopped') return
  }
}

function check(
  reports: readonly (readonly MemoryLine[])[],
  series: number,
  { replicas, caches: [sessions] }: Awaited<ReturnType<typeof attributeFleet>>,
): void {
  const tokens = reports.flat().map(({ leaseToken }) => leaseToken)
  const truth = ENTRY_BYTES * ENTRIES.reduce((sum, count) => sum + count, 0)
  const off = Math.abs((sessions?.sum.totalBytes ?? 0) - truth) / truth
  const problems = [
    reports.every(({ length }) => length > 0) ? '' : 'a replica had no turn',
    tokens.every((token) => token !== null) && new Set(tokens).size === tokens.length ? '' : 'two runs had one turn',
    series === ENTRIES.length ? '' : `Prometheus knows the cache of ${series} replicas`,
    replicas.length === 3 && replicas.every(({ status }) => status === 'measured') ? '' : 'not all were measured',
    off < 0.05 ? '' : `the sum is off by ${(100 * off).toFixed(1)} %`,
    sessions?.outliers[0]?.timesMedian === undefined ? 'the largest replica is not named' : '',
  ].filter((problem) => problem !== '')
  if (problems.length === 0) return
  console.error(`Self-check failed: ${problems.join('; ')}`)
  process.exitCode = 1
}
