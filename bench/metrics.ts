/**
 * The cost of the metrics: a scrape of a thousand caches on the main thread, `allocationCounter.add()`, and requests a second of a
 * service that is scraped a hundred times a second, against one that is not.
 *
 *   node dist/bench/metrics.js [--rounds 10] [--seconds 4] [--scrapes 200]
 */
import { execFileSync } from 'node:child_process'
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { Coordinator } from 'cache-attribution'
import { OPENMETRICS_FORMAT, allocationCounter, collectMetrics, formatMetrics } from 'cache-attribution/metrics'
import { compareThroughput, serveAsPair, variantHere } from './support/pair.js'
import { flags } from './support/processes.js'
import { medianOf, printTable, quantile, verdict } from './support/table.js'

const CACHES = 1000
const SCRAPE_BAR_MS = 10
const ADD_BAR_NS = 30
const RATIO_BAR = 0.99
const SCRAPE_EVERY_MS = 10
const script = fileURLToPath(import.meta.url)

if (variantHere() !== undefined) await serve(variantHere() === 'with')
else if (process.argv.includes('--scrape')) {
  await scrape()
  add()
} else {
  console.log(`### Metrics, Node ${process.version}\n`)
  // Under the allocator that a service has.
  const inProcess = [script, '--scrape', ...process.argv.slice(2)]
  const env = { ...process.env, LD_PRELOAD: 'libjemalloc.so.2' }
  try {
    execFileSync(process.execPath, inProcess, { env, stdio: 'inherit' })
  } catch {
    process.exitCode = 1
  }
  await compareThroughput(script)
}

function coordinatorOfMany(): Coordinator {
  const coordinator = new Coordinator({ mode: 'release', controls: 0, gc: 'none' })
  for (let index = 0; index < CACHES; index++) {
    const cache = new Map([[index, { index }]])
    coordinator.register(`cache number ${index}`, {
      release: () => cache.clear(),
      entries: () => cache.size,
      claimedBytes: () => cache.size * 100,
    })
  }
  return coordinator
}

/**
 * Processor time of the whole process, helpers of V8 included: no less than the main thread's, and the same on a machine that others
 * use, where the clock on the wall is not.
 */
function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The work that a scrape keeps the event loop from. */
async function scrape(): Promise<void> {
  const coordinator = coordinatorOfMany()
  // So that every cache was measured, and has all of its series.
  await coordinator.attribute()
  const rows: (string | number)[][] = []
  let worstMs = 0
  for (const [what, maxCaches] of [
    ['the 100 largest and other', 100],
    ['each by itself', CACHES],
  ] as const) {
    // Each scrape is a look of its own: the clock goes on by more than a second.
    let nowMs = 0
    const environment = { now: () => nowMs, date: () => new Date() }
    const registry = collectMetrics(coordinator, { maxCaches, maxAgeMs: 60_000, environment })
    for (const [format, write] of [
      ['text', () => formatMetrics(registry)],
      ['OpenMetrics', () => formatMetrics(registry, OPENMETRICS_FORMAT)],
      ['prom-client’s own text', () => registry.metrics()],
    ] as const) {
      const tookMs: number[] = []
      const spentMs: number[] = []
      let text = ''
      for (let count = -20; count < Number(flags('scrapes')[0] ?? '200'); count++) {
        nowMs += 60_000
        const [startMs, usedMs] = [performance.now(), processorMs()]
        text = await write()
        if (count < 0) continue
        tookMs.push(performance.now() - startMs)
        spentMs.push(processorMs() - usedMs)
      }
      const [median, wall, p99] = [medianOf(spentMs), medianOf(tookMs), quantile(tookMs, 0.99)]
      // prom-client's own writer is meant for what it shows by default.
      if (maxCaches < CACHES || !format.startsWith('prom')) worstMs = Math.max(worstMs, median)
      rows.push([what, format, text.split('\n').length, median.toFixed(2), wall.toFixed(2), p99.toFixed(2)])
    }
  }
  printTable(['1,000 caches', 'format', 'lines', 'processor ms', 'ms', 'p99 ms'], rows)
  verdict(
    `a scrape of 1,000 caches, the slowest median: ${worstMs.toFixed(1)} ms of processor time (under ${SCRAPE_BAR_MS})`,
    worstMs < SCRAPE_BAR_MS,
  )
  await everyTenMs(coordinator)
  await coordinator.close()
}

/** A hundred scrapes in a second, of which one is a look: what that second loses. */
async function everyTenMs(coordinator: Coordinator): Promise<void> {
  let nowMs = 0
  const registry = collectMetrics(coordinator, { environment: { now: () => nowMs, date: () => new Date() } })
  const tookMs: number[] = []
  for (let second = -5; second < 30; second++) {
    const usedMs = processorMs()
    for (let count = 0; count < 100; count++) {
      nowMs += SCRAPE_EVERY_MS
      await registry.metrics()
    }
    if (second >= 0) tookMs.push(processorMs() - usedMs)
  }
  const share = medianOf(tookMs) / 1000
  verdict(`100 scrapes a second take ${(100 * share).toFixed(2)} % of a processor (under 1 %)`, share < 1 - RATIO_BAR)
}

function add(): void {
  const counter = allocationCounter('bench')
  const CALLS = 5_000_000
  const loopNs = (work: (index: number) => void): number => {
    const startMs = performance.now()
    for (let index = 0; index < CALLS; index++) work(index)
    return ((performance.now() - startMs) * 1e6) / CALLS
  }
  const rounds = Array.from({ length: 11 }, () => [
    loopNs((index) => counter.add(index)),
    loopNs((index) => counter.add(-index)),
  ]).slice(1)
  const [up, down] = [0, 1].map((which) => medianOf(rounds.map((round) => round[which] ?? NaN)))
  const buffers = Array.from({ length: 20_000 }, () => new ArrayBuffer(16))
  const startMs = performance.now()
  for (const buffer of buffers) counter.track(buffer)
  const trackNs = ((performance.now() - startMs) * 1e6) / buffers.length
  console.log(`track(): ${trackNs.toFixed(0)} ns\n`)
  verdict(
    `allocationCounter.add(): ${up?.toFixed(1) ?? ''} ns, of a negative number ${down?.toFixed(1) ?? ''} ns (under ${ADD_BAR_NS})`,
    Math.max(up ?? NaN, down ?? NaN) < ADD_BAR_NS,
  )
}

/** Both have the metrics; one is scraped, by another process over HTTP. */
async function serve(isScraped: boolean): Promise<void> {
  const coordinator = coordinatorOfMany()
  const registry = collectMetrics(coordinator)
  const app = express()
  const items = Array.from({ length: 20 }, (_, key) => ({ key, text: 'x'.repeat(50) }))
  app.get('/', (_request, response) => {
    response.json(items)
  })
  if (isScraped) {
    setInterval(() => {
      void registry.metrics()
    }, SCRAPE_EVERY_MS)
  }
  await serveAsPair(http.createServer(app))
}
