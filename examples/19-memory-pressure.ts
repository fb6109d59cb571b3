/**
 * A service whose cache has no bound, in a control group that has one: it is killed without `releaseUnderPressure()`, and survives with
 * it. A cache whose entries use does not bring back is never released.
 *
 *   npx cache-attribution run dist/examples/19-memory-pressure.js
 */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Coordinator, releaseUnderPressure } from 'cache-attribution'
import type { PressureRound } from 'cache-attribution'
import { runBounded } from './19-memory-pressure/bounded.js'

const MIB = 1024 * 1024
const LIMIT_BYTES = 192 * MIB
const PAGE_BYTES = 64 * 1024
/** Pages of twice the limit. */
const REQUESTS = (2 * LIMIT_BYTES) / PAGE_BYTES
const CONNECTIONS = 8

if (process.argv[2] === 'serve') await serve(process.argv[3] === 'watched')
else await compare()

async function compare(): Promise<void> {
  const file = fileURLToPath(import.meta.url)
  const without = await runBounded(file, ['serve', 'alone'], LIMIT_BYTES)
  console.log(`${without.bound} of 192 MiB, without it: ${without.signal ?? `exit code ${String(without.code)}`}`)
  const watched = await runBounded(file, ['serve', 'watched'], LIMIT_BYTES)
  console.log(`with it: ${watched.signal ?? `exit code ${String(watched.code)}`}\n${watched.output}`)
  // Through a shell a signal may be reported as 128 + its number.
  const isKilled = without.signal === 'SIGKILL' || without.code === 137
  if (isKilled && watched.code === 0) return
  console.error('Self-check failed: the service was to be killed without the watch, and to serve all requests with it')
  process.exitCode = 1
}

async function serve(isWatched: boolean): Promise<void> {
  const pages = new Map<string, Buffer>()
  const orders = new Map([['1', 'paid']])
  const coordinator = new Coordinator()
  coordinator.register('pages', { release: () => pages.clear(), entries: () => pages.size }, { refillCost: 'low' })
  coordinator.register('orders', { release: () => orders.clear(), entries: () => orders.size }, { lossless: false })
  const rounds: PressureRound[] = []
  coordinator.on('released-under-pressure', (round) => rounds.push(round))
  if (isWatched) {
    const limit = process.env['LIMIT_BYTES']
    releaseUnderPressure(coordinator, {
      below: '80%',
      until: '50%',
      // The service fills hundreds of megabytes a second.
      intervalMs: 20,
      coolDownMs: 100,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      log: (line) => console.log(line),
    })
  }
  const server = http.createServer((request, response) => {
    const url = request.url ?? '/'
    const page = pages.get(url) ?? Buffer.alloc(PAGE_BYTES, url)
    pages.set(url, page)
    response.end(page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await load(port)
  server.closeAllConnections()
  server.close()
  await coordinator.close()
  if (!isWatched) return
  console.log(
    `${String(REQUESTS)} requests answered, ${String(rounds.length)} rounds, ${String(orders.size)} order kept`,
  )
  if (rounds.length === 0 || orders.size !== 1) process.exitCode = 1
}

async function load(port: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let next = 0
  const visitor = async (): Promise<void> => {
    while (next < REQUESTS) await get(port, `/${String(next++)}`, agent)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, visitor))
  agent.destroy()
}

function get(port: number, url: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path: url, agent }, (response) => {
        response.resume()
        response.on('end', resolve)
        response.on('error', reject)
      })
      .on('error', reject)
  })
}
