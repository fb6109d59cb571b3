/**
 * A week of a service in seconds: one cache fills up to its bound, something leaks two megabytes a day, traffic has its days and
 * nights, and once the service is restarted. The history tells the two apart, and when memory runs out. The service is
 * simulated by a few numbers and an injected clock; everything else is as in a real service.
 *
 *   node dist/examples/11-slow-leak.js
 */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Coordinator, formatReport } from 'cache-attribution'
import { SLOT } from '../src/allocator/port.js'
import { nodeEnvironment } from '../src/support/environment.js'
import type { AttributionReport } from 'cache-attribution'
import type { Allocator } from '../src/allocator/port.js'
import type { Environment } from '../src/support/environment.js'
import { ReportHistory } from 'cache-attribution/history'

const HOUR_MS = 3_600_000
const MB = 1_000_000
const LEAK_A_DAY = 2 * MB
const BOUND = 40 * MB
const ENTRY = 10_000

/** The bytes that the service holds, and the time. */
const service = { hours: 0, entries: 0, leaked: 0, sessions: 0 }

/** The allocator that the library reads, with these numbers. */
const allocator: Allocator = {
  name: 'jemalloc',
  version: 'simulated',
  statistic: 'simulated',
  binding: null,
  reason: null,
  mallctl: null,
  readInto: (slots) => {
    slots.fill(NaN)
    slots[SLOT.rawAllocated] = 60 * MB + service.entries * ENTRY + service.leaked + service.sessions
  },
}

const environment: Environment = {
  ...nodeEnvironment,
  warmUpMs: 0,
  now: () => service.hours * HOUR_MS,
  date: () => new Date(Date.UTC(2026, 0, 5) + service.hours * HOUR_MS),
  sleepSync: () => undefined,
  yieldToLoop: () => new Promise((resolve) => setImmediate(resolve)),
  collector: () => ({ major: () => undefined, minor: () => undefined }),
  heapUsedBytes: () => 20 * MB,
  figures: () => ({
    heapTotalBytes: 30 * MB,
    externalBytes: 0,
    arrayBuffersBytes: 0,
    rssBytes: 110 * MB + service.leaked,
  }),
  threadsAtWork: () => 0,
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'slow-leak-'))
try {
  await live(0, 100)
  // A deployment: caches are empty, leaked memory is free again, and the history goes on.
  Object.assign(service, { entries: 0, leaked: 0 })
  check(await live(100, 168))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** One process lifetime: a report an hour, as `PeriodicReporter` would make it. */
async function live(from: number, to: number): Promise<AttributionReport> {
  await using history = await ReportHistory.open(folder, { clock: environment, limitBytes: 256 * MB })
  await using coordinator = new Coordinator({ allocator, environment, mode: 'trim' })
  coordinator.register('pages', {
    release: () => void (service.entries = 0),
    trim: (fraction) => void (service.entries -= Math.ceil(service.entries * fraction)),
    trimChoices: ['random'],
    entries: () => service.entries,
  })
  history.attach(coordinator)
  let report: AttributionReport | undefined
  for (service.hours = from; service.hours < to; service.hours++) {
    service.entries = Math.round(Math.min(BOUND / ENTRY, service.entries + 250))
    service.leaked += LEAK_A_DAY / 24
    service.sessions = 3 * MB * (1 + Math.sin((2 * Math.PI * service.hours) / 24)) + 0.2 * MB * Math.random()
    report = await coordinator.attribute()
  }
  if (report === undefined) throw new Error('no report was made')
  console.log(`${formatReport(report)}\n`)
  return report
}

function check({ caches, floor, forecast }: AttributionReport): void {
  const rate = (floor.trend?.slope?.bytesPerHour ?? 0) * 24
  const isFound = floor.trend?.verdict === 'growing' || floor.trend?.verdict === 'unbounded'
  const pages = caches.find(({ name }) => name === 'pages')?.trend?.verdict
  console.log(
    `The floor is ${floor.trend?.verdict ?? ''}: ${(rate / MB).toFixed(2)} MB a day (planted: ${LEAK_A_DAY / MB}).`,
  )
  console.log(`The cache is ${pages ?? ''}. The limit is reached at ${forecast?.at ?? 'no time'}.`)
  const isRight = isFound && Math.abs(rate / LEAK_A_DAY - 1) < 0.15 && (pages === 'saturating' || pages === 'stable')
  if (isRight && forecast?.at != null) return
  console.error('the leak was not separated from the cache')
  process.exitCode = 1
}
