/**
 * Three replicas of a service, of which one has more and one a newer version, measured in one report.
 *
 *   npx cache-attribution run dist/examples/17-fleet.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Coordinator } from 'cache-attribution'
import { attributeFleet, formatFleet } from 'cache-attribution/fleet'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'

const [entries, entryBytes] = process.argv.slice(2).map(Number)
if (entries === undefined || entryBytes === undefined) await measure()
else serve(entries, entryBytes)

/** One replica: sends its port, and ends with the process that started it. */
function serve(count: number, bytes: number): void {
  const sessions = new Map(Array.from({ length: count }, (_, key) => [key, Buffer.alloc(bytes)]))
  const coordinator = new Coordinator()
  coordinator.register('sessions', { release: () => sessions.clear(), entries: () => sessions.size })
  const listener = toNodeListener(createAdminHandler(coordinator))
  const server = http.createServer((request, response) => void listener(request, response))
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.exit())
}

async function measure(): Promise<void> {
  const kinds = [
    { version: '1.0', entries: 1000, entryBytes: 10_240 },
    { version: '1.0', entries: 1000, entryBytes: 10_240 },
    { version: '1.0', entries: 6000, entryBytes: 10_240 },
    { version: '2.0', entries: 1000, entryBytes: 14_336 },
    { version: '2.0', entries: 1000, entryBytes: 14_336 },
  ]
  const replicas = kinds.map((kind) =>
    fork(fileURLToPath(import.meta.url), [String(kind.entries), String(kind.entryBytes)]),
  )
  const ports = await Promise.all(replicas.map(async (replica) => ((await once(replica, 'message')) as [number])[0]))
  const targets = kinds.map(({ version }, index) => ({
    url: `http://127.0.0.1:${String(ports[index])}`,
    labels: { version },
  }))
  console.log(formatFleet(await attributeFleet(targets, { concurrency: 2, pauseMs: 10_000 })))
  for (const replica of replicas) replica.disconnect()
}
