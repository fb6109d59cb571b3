/**
 * A service with two caches, a real Prometheus that scrapes it, and the alerts of this library: under load one of the caches grows
 * without a bound, and Prometheus says so. (Windows are seconds here; a service would leave them at hours.)
 *
 *   npx cache-attribution run dist/examples/12-metrics.js        needs Debian's package prometheus
 */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { collectDefaultMetrics } from 'prom-client'
import { Coordinator, formatReport } from 'cache-attribution'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { allocationCounter, collectMetrics } from 'cache-attribution/metrics'
import { supportsTwin } from 'cache-attribution/twin'
import { startPrometheus } from './12-metrics/prometheus.js'
import type { Alert, Prometheus } from './12-metrics/prometheus.js'
import { rulesInSeconds } from './12-metrics/rules.js'

const WINDOW_SECONDS = 8
const PAGES = 200
const LONGEST_MS = 45_000
const ALERT = 'CacheAttributionCacheUnbounded'

/** Bounded: the oldest entries are evicted. */
const pages = new Map<number, Buffer>()
/** Without a bound: every visitor is kept. */
const sessions = new Map<number, Buffer>()
const rendered = allocationCounter('rendered pages')
const coordinator = new Coordinator(supportsTwin().supported ? {} : { mode: 'release' })
for (const [name, cache] of Object.entries({ pages, sessions })) {
  coordinator.register(name, { release: () => cache.clear(), entries: () => cache.size })
}

// The two lines that make the metrics, and the one that serves them.
const registry = collectMetrics(coordinator)
collectDefaultMetrics({ register: registry })
const admin = createAdminHandler(coordinator, { metrics: registry })

const listener = toNodeListener(admin)
let visits = 0
// Filled before the first scrape: a cache that is still filling looks like one without a bound.
while (visits < PAGES) visit(visits++)
const server = http.createServer((request, response) => {
  if (request.url?.startsWith(admin.basePath) === true) void listener(request, response)
  else response.end(visit(visits++))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

let prometheus: Prometheus | undefined
let isLoaded = true
const load = putLoad()
try {
  prometheus = await startPrometheus({
    targets: { example: `${service}${admin.basePath}/metrics` },
    rules: rulesInSeconds(WINDOW_SECONDS, 1),
  })
  await delay(1000)
  // From here on sizes are known: the bytes per entry, times the count of entries at every scrape.
  console.log(formatReport(await coordinator.attribute()))
  await check(prometheus, await waitForAlert(prometheus))
} finally {
  isLoaded = false
  await load
  await prometheus?.stop()
  server.closeAllConnections()
  server.close()
  await admin.close()
  await coordinator.close()
}

/** The work of a request: a page that is looked up, a session that is kept. */
function visit(id: number): Buffer {
  const page = pages.get(id % PAGES) ?? rendered.track(Buffer.alloc(30_000, 'page'))
  pages.set(id % PAGES, page)
  sessions.set(id, Buffer.alloc(15_000, 'session'))
  return page
}

async function putLoad(): Promise<void> {
  while (isLoaded) {
    await fetch(service).then((response) => response.arrayBuffer())
    await delay(10)
  }
}

async function waitForAlert(scraper: Prometheus): Promise<readonly Alert[]> {
  const deadline = performance.now() + LONGEST_MS
  while (performance.now() < deadline) {
    const firing = (await scraper.alerts()).filter(({ state }) => state === 'firing')
    if (firing.some(({ labels }) => labels['alertname'] === ALERT)) return firing
    await delay(500)
  }
  return []
}

async function check(scraper: Prometheus, alerts: readonly Alert[]): Promise<void> {
  for (const { labels, annotations } of alerts)
    console.log(`${labels['alertname'] ?? ''}: ${annotations['summary'] ?? ''}`)
  const sizes = await scraper.query('instance_cache:cache_attribution_cache_bytes:best')
  for (const { metric, value } of sizes) console.log(metric['cache'], `${(Number(value?.[1]) / 1e6).toFixed(1)} MB`)
  const accused = alerts.filter(({ labels }) => labels['alertname'] === ALERT).map(({ labels }) => labels['cache'])
  const runs = await scraper.query('sum(cache_attribution_runs_total{status="finished"})')
  const problems = [
    accused.includes('sessions') ? '' : 'no alert named the sessions',
    accused.includes('pages') ? 'an alert accused the pages, which are bounded' : '',
    Number(runs[0]?.value?.[1]) === 1 ? '' : 'Prometheus did not see the run',
    sizes.length === 2 ? '' : `Prometheus has sizes of ${sizes.length} caches`,
  ].filter((problem) => problem !== '')
  if (problems.length === 0) return
  console.error(`Self-check failed: ${problems.join('; ')}`)
  process.exitCode = 1
}
