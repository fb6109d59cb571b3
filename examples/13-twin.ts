/**
 * A service under load, measured twice: in a twin, and by releasing its caches. The hit rate of its cache shows the
 * cost of each for the service.
 *
 *   npx cache-attribution run dist/examples/13-twin.js
 */
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator, formatReport } from 'cache-attribution'
import { supportsTwin } from 'cache-attribution/twin'
import { LRUCache } from 'lru-cache'

const CONNECTIONS = 16
const PAGES = 3000
const PHASE_MS = 1000

const pages = new LRUCache<number, Buffer>({ max: PAGES })
const counts = { hits: 0, misses: 0, failed: 0 }

const coordinator = new Coordinator()
coordinator.register('pages', { release: () => pages.clear(), entries: () => pages.size })

const server = http.createServer((request, response) => {
  const page = Number(request.url?.slice(1))
  let content = pages.get(page)
  if (content === undefined) counts.misses++
  else counts.hits++
  if (content === undefined) pages.set(page, (content = Buffer.alloc(16_384, String(page))))
  response.end(content)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
for (let page = 0; page < PAGES; page++) pages.set(page, Buffer.alloc(16_384, String(page)))

const support = supportsTwin()
if (support.supported) await compare()
else console.log(`No twin can be made here: ${support.reason ?? ''}`)
server.closeAllConnections()
server.close()
await coordinator.close()

async function compare(): Promise<void> {
  const stop = startLoad()
  await delay(PHASE_MS)
  const before = await hitRate(() => delay(PHASE_MS))
  const twin = await hitRate(async () => {
    console.log(formatReport(await coordinator.attribute({ mode: 'twin' })))
    await delay(PHASE_MS)
  })
  const left = pages.size
  const release = await hitRate(async () => {
    await coordinator.attribute({ mode: 'release' })
    await delay(PHASE_MS)
  })
  await stop()
  console.log(
    `\nHit rate: ${percent(before)} without a run, ${percent(twin)} with a twin, ${percent(release)} with a live release.`,
  )
  console.log(`After the twin ${left} of ${PAGES} pages were still cached; ${counts.failed} requests failed.`)
  if (left !== PAGES || twin < 1 || release === 1 || counts.failed > 0) {
    console.error('Self-check failed: the twin was to cost no entry and no request, the release to cost hits.')
    process.exitCode = 1
  }
}

async function hitRate(during: () => Promise<unknown>): Promise<number> {
  const { hits, misses } = counts
  await during()
  return (counts.hits - hits) / (counts.hits - hits + counts.misses - misses)
}

/** Visitors who ask for one random page after the other. */
function startLoad(): () => Promise<void> {
  let isOver = false
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const visit = async (): Promise<void> => {
    while (!isOver) {
      await new Promise<void>((resolve) => {
        http
          .get({ host: '127.0.0.1', port, agent, path: `/${Math.floor(Math.random() * PAGES)}` }, (response) => {
            response.resume().on('end', resolve)
          })
          .on('error', () => {
            counts.failed++
            resolve()
          })
      })
    }
  }
  const visitors = Array.from({ length: CONNECTIONS }, visit)
  return async () => {
    isOver = true
    await Promise.all(visitors)
    agent.destroy()
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
