/**
 * A primary that answers for the caches of all its workers: each was started with `auto`, has a socket of its own, and is measured in turn.
 *
 *   npx cache-attribution run dist/examples/21-cluster.js
 */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { attributeFleet, formatFleet } from 'cache-attribution/fleet'

const ENTRY_BYTES = 10_240
const ENTRIES = [500, 500, 2000]
const LONGEST_MS = 30_000

if (cluster.isPrimary) await answer()
else hold(Number(process.env['ENTRIES']))

function hold(count: number): void {
  const sessions = new Map(Array.from({ length: count }, (_, key) => [key, Buffer.alloc(ENTRY_BYTES)]))
  Coordinator.default().register('sessions', { release: () => sessions.clear(), entries: () => sessions.size })
  process.send?.('ready')
  process.on('disconnect', () => process.exit())
}

async function answer(): Promise<void> {
  cluster.setupPrimary({ execArgv: ['--import', 'cache-attribution/auto'] })
  const workers = ENTRIES.map((count) => cluster.fork({ ENTRIES: String(count) }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const pids = workers.map((worker) => worker.process.pid ?? 0)
  const ask = (): ReturnType<typeof attributeFleet> =>
    attributeFleet(
      pids.map((pid) => ({ pid })),
      { pauseMs: LONGEST_MS },
    )
  // A worker opens its socket a moment after it has begun.
  const until = performance.now() + LONGEST_MS
  let report = await ask()
  while (report.replicas.some(({ status }) => status === 'unreachable') && performance.now() < until) {
    await delay(200)
    report = await ask()
  }
  console.log(formatFleet(report))
  for (const worker of workers) worker.disconnect()

  const truth = ENTRY_BYTES * ENTRIES.reduce((sum, count) => sum + count, 0)
  const measured = report.caches.find(({ name }) => name === 'sessions')?.sum.totalBytes ?? 0
  if (Math.abs(measured - truth) > 0.05 * truth) {
    console.error(`Self-check failed: ${measured} bytes were measured of ${truth}`)
    process.exitCode = 1
  }
}
