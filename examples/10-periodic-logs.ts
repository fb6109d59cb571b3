/**
 * A service that logs the sizes of its caches: an observation each second, a twin every seven, through pino, with the breakdown of
 * all its memory. One cache has no bound, and the log warns of it. (A service would take a minute and an hour.)
 *
 *   npx cache-attribution run dist/examples/10-periodic-logs.js
 */
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { Coordinator, breakdown, formatBreakdown } from 'cache-attribution'
import { PeriodicReporter } from 'cache-attribution/log'
import type { MemoryLine, SkippedLine } from 'cache-attribution/log'
import { supportsTwin } from 'cache-attribution/twin'

const SECONDS = 14

/** Bounded: the oldest entries are evicted. */
const pages = new Map<number, Buffer>()
/** Without a bound: every visitor is kept. */
const sessions = new Map<number, Buffer>()
const coordinator = new Coordinator()
for (const [name, cache] of Object.entries({ pages, sessions })) {
  coordinator.register(name, {
    release: () => cache.clear(),
    entries: () => cache.size,
    claimedBytes: () => [...cache.values()].reduce((sum, { length }) => sum + length, 0),
  })
}

const lines: (MemoryLine | SkippedLine)[] = []
const destination = {
  write(line: string): void {
    lines.push(JSON.parse(line) as MemoryLine)
    const { msg } = JSON.parse(line) as { msg: string }
    console.log(msg)
  },
}
const runs = supportsTwin().supported
const reporter = new PeriodicReporter(coordinator, {
  logger: pino({ level: 'info' }, destination),
  jitter: 0,
  schedules: [
    { every: 1000 },
    ...(runs ? [{ every: 7000, mode: 'twin', attribute: { breakdown: true } } as const] : []),
  ],
  // Other examples and tests may run beside this one.
  lateMs: 3000,
  cpu: Infinity,
})

for (let tick = 0; tick < SECONDS * 10; tick++) {
  for (let request = 0; request < 20; request++) visit(tick * 20 + request)
  await delay(100)
}
await reporter.close()
if (process.platform === 'linux') console.log(`\n${formatBreakdown(breakdown({ coordinator }), { leastShare: 0.01 })}`)
await coordinator.close()
check()

/** Sessions grow by 10 MB a second: five observations, four seconds, have to see 16 MiB of it. Pages never come to as much. */
function visit(id: number): void {
  sessions.set(id, Buffer.alloc(50_000, 1))
  pages.set(id % 500, Buffer.alloc(20_000, 1))
}

function check(): void {
  const observations = lines.filter(({ event }) => event === 'memory-observation')
  const reports = lines.filter((line): line is MemoryLine => line.event === 'memory-report')
  const growing = lines.flatMap((line) => ('growth' in line ? line.growth : [])).map(({ name }) => name)
  const sizes = reports.map(({ caches }) => caches.find(({ name }) => name === 'sessions')?.bytes ?? 0)
  const problems = [
    observations.length >= 5 ? '' : `only ${observations.length} observations were logged`,
    growing.includes('sessions') ? '' : 'no line warned of the sessions',
    growing.includes('pages') ? 'a line warned of the pages, which are bounded' : '',
    !runs || (reports.length >= 1 && sizes.every((bytes) => bytes > 0)) ? '' : 'no twin measured the sessions',
    reports.every(({ diagnosis }) => diagnosis !== null) ? '' : 'a report has no breakdown',
    sessions.size === SECONDS * 200 ? '' : 'entries were lost',
  ].filter((problem) => problem !== '')
  if (problems.length === 0) return
  console.error(`Self-check failed: ${problems.join('; ')}`)
  process.exitCode = 1
}
