/**
 * The caches that a service already has: one line each to register them, five percent of each dropped to size them, and
 * from then on their sizes for nothing.
 *
 *   npx cache-attribution run dist/examples/02-adapters.js
 */
import { Coordinator, formatReport } from 'cache-attribution'
import { fromCache, fromLruCache } from 'cache-attribution/adapters'
import { LRUCache } from 'lru-cache'
import NodeCache from 'node-cache'
import QuickLRU from 'quick-lru'

const users = new LRUCache<string, object>({ max: 50_000 })
const pages = new QuickLRU<string, Buffer>({ maxSize: 50_000 })
const sessions = new NodeCache({ useClones: false, checkperiod: 0 })
serve(20_000)

const coordinator = new Coordinator()
coordinator.register('users', fromLruCache(users)) // typed: it must be an lru-cache
coordinator.register('pages', fromCache(pages)) // known by its shape
coordinator.register('sessions', fromCache(sessions), { lossless: false }) // left out unless a run names it

// In production: a twentieth of each cache, half of it the least recently used entries.
const report = await coordinator.attribute({ mode: 'trim', fraction: 0.05 })
console.log(formatReport(report))

// Later, without dropping anything: sizes from the count of entries and the bytes per entry that the run found.
serve(30_000)
console.log('\nnow, released nothing:')
for (const { name, entries, estimatedBytes, estimatedUncertaintyBytes } of coordinator.observe().caches) {
  console.log(
    `  ${name}: ${String(entries)} entries, ${megabytes(estimatedBytes)} ± ${megabytes(estimatedUncertaintyBytes)}`,
  )
}

// A later process can use these sizes, too.
const saved = JSON.stringify(coordinator.calibration)
new Coordinator().restoreCalibration(JSON.parse(saved))

// The real sizes, once: in this example the caches may be empty afterwards.
const seen = coordinator.observe().caches
const whole = await coordinator.attribute({ mode: 'release', only: ['users', 'pages'] })
await coordinator.close()
check()

/** Stands for the traffic that fills the caches. */
function serve(requests: number): void {
  for (let index = 0; index < requests; index++) {
    const id = `user-${String(index)}`
    if (!users.has(id)) users.set(id, { id, visits: visitsOf(index) })
    if (!pages.has(id)) pages.set(id, Buffer.alloc(1000 + (index % 5) * 1000))
    if (index % 10 === 0) sessions.set(id, { id, basket: [] })
  }
}

function visitsOf(index: number): number[] {
  const visits = new Array<number>(200)
  for (let visit = 0; visit < visits.length; visit++) visits[visit] = index + visit + 0.5
  return visits
}

function megabytes(bytes: number | null): string {
  return bytes === null ? 'unknown' : `${(bytes / 1e6).toFixed(1)} MB`
}

/** A check of this example, not to be copied: the estimate is compared with the whole cache, which was released for it. */
function check(): void {
  if (report.before.allocatedBytes === null) {
    console.log('\nThis system has no allocator statistics, so Buffers cannot be measured: nothing to check.')
    return
  }
  let reported = 0
  for (const { name, released } of whole.caches) {
    const { estimatedBytes, estimatedUncertaintyBytes } = seen.find((cache) => cache.name === name) ?? {}
    if (estimatedBytes == null) {
      // Where V8's heap changes by as much as a twentieth of a cache, the ± is as wide as the size, and no size is given.
      console.log(`${name}: ${megabytes(released.totalBytes)} when released; too little was dropped to measure`)
      continue
    }
    reported++
    const error = estimatedBytes - (released.totalBytes ?? NaN)
    const percent = (100 * error) / (released.totalBytes ?? NaN)
    console.log(
      `${name}: ${megabytes(released.totalBytes)} when released; the estimate was ${percent.toFixed(1)} % off`,
    )
    // The ± holds in 19 of 20 runs, twice the ± in nearly all.
    if (!(Math.abs(error) <= 2 * (estimatedUncertaintyBytes ?? -1)))
      fail(`the estimate of ${name} is off by more than twice its ±`)
  }
  if (reported === 0) fail('no size was reported')
  const skipped = report.caches.find(({ name }) => name === 'sessions')
  if (skipped?.error?.code !== 'ERR_RELEASE_UNNAMED' || sessions.keys().length === 0) fail('the sessions were touched')
}

function fail(reason: string): void {
  console.error(`Self-check failed: ${reason}.`)
  process.exitCode = 1
}
