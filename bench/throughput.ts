/**
 * What the library costs a service that only has it loaded: requests in turns of a few seconds with 50 caches registered
 * and observe() every second, against none, two servers alternating under the same load.
 *
 *   node dist/bench/throughput.js [--rounds 10] [--seconds 4]
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { flags } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const self = fileURLToPath(import.meta.url)

if (process.argv.includes('--server')) await serve(process.argv.includes('--with'))
else await compare()

async function compare(): Promise<void> {
  const rounds = Number(flags('rounds')[0] ?? '10')
  const seconds = Number(flags('seconds')[0] ?? '4')
  const servers = { without: await start([]), with: await start(['--with']) }
  const requests: Record<'without' | 'with', number[]> = { without: [], with: [] }
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)
    for (const name of order) {
      const { port } = servers[name]
      const result = await autocannon({ url: `http://127.0.0.1:${String(port)}/`, connections: 64, duration: seconds })
      // The first round warms both up.
      if (round >= 0) requests[name].push(result.requests.average)
    }
  }
  for (const { child } of Object.values(servers)) child.kill()
  const ratios = requests.with.map((value, round) => value / (requests.without[round] ?? NaN))
  console.log(`### Throughput with the library loaded, Node ${process.version}\n`)
  printTable(
    ['', 'requests/s, median', 'least', 'most'],
    (['without', 'with'] as const).map((name) => [
      name,
      ...[medianOf(requests[name]), Math.min(...requests[name]), Math.max(...requests[name])].map(Math.round),
    ]),
  )
  const ratio = medianOf(ratios)
  verdict(
    `with ÷ without, median of ${String(rounds)} alternating rounds: ${ratio.toFixed(3)} (at least 0.99)`,
    ratio >= 0.99,
  )
}

async function start(args: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(self, ['--server', ...args], { env: { ...process.env, LD_PRELOAD: 'libjemalloc.so.2' } })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

/** A service of caches under way: each request reads one of 50 Maps and answers with JSON. */
async function serve(isObserved: boolean): Promise<void> {
  const caches = Array.from(
    { length: 50 },
    () => new Map(Array.from({ length: 1000 }, (_, key) => [key, { key, text: 'x'.repeat(50) }])),
  )
  if (isObserved) {
    const { Coordinator } = await import('cache-attribution')
    const coordinator = new Coordinator()
    for (const [index, cache] of caches.entries()) {
      coordinator.register(`cache-${String(index)}`, {
        release: () => {
          cache.clear()
        },
        entries: () => cache.size,
        claimedBytes: () => cache.size * 100,
      })
    }
    setInterval(() => coordinator.observe(), 1000).unref()
  }
  let turn = 0
  const server = http.createServer((_request, response) => {
    turn++
    const cache = caches[turn % caches.length]
    response.end(JSON.stringify(Array.from({ length: 20 }, (_, index) => cache?.get((turn * 7 + index) % 1000))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
  process.on('disconnect', () => process.exit())
  await delay(30 * 60_000, undefined, { ref: false })
}
