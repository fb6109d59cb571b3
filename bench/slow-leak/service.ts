/**
 * A service with six busy caches that are bounded, a leak of native memory and a leak of JavaScript objects. Every
 * quarter of a minute a twin measures, every second it is observed; in the end it prints what its history shows.
 *
 *   LD_PRELOAD=libjemalloc.so.2 node dist/bench/slow-leak/service.js SECONDS FOLDER MODE
 */
import Database from 'libsql'
import { Coordinator } from '../../src/coordinator/coordinator.js'
import type { AttributionReport } from '../../src/report/types.js'
import { formatReport } from '../../src/report/format-report.js'
import { ReportHistory } from '../../src/history/report-history.js'
import { randomOf } from '../../test/coordinator/world.js'
import { report } from '../support/processes.js'

/** The report of the service at the end. */
export interface Outcome {
  readonly last: AttributionReport
  readonly reports: number
  readonly requests: number
  readonly text: string
}

const SECONDS = Number(process.argv[2] ?? 600)
const FOLDER = process.argv[3] ?? '/tmp/slow-leak'
const MODE = (process.argv[4] ?? 'twin') as 'twin' | 'trim'
const KIB = 1024
/** A second. */
const NATIVE_LEAK_BYTES = 64 * KIB
const JS_LEAK_NUMBERS = 4 * KIB
const TICKS = 10

const random = randomOf(7)
const caches = [
  bounded('thumbnails', 300, 1000, () => Buffer.alloc(20 * KIB + Math.floor(random() * 20 * KIB), 1)),
  bounded('pages', 2000, 6000, (key) => Buffer.alloc(4 * KIB + (key % 7) * 512, 1)),
  bounded('tiles', 60, 200, () => Buffer.alloc(100 * KIB, 1)),
  bounded('users', 4000, 20_000, (key) => ({ key, roles: [key, key + 1], visits: doubles(20, key) })),
  bounded('prices', 1500, 6000, (key) => doubles(200, key)),
  bounded('routes', 800, 2500, (key) => new Map(doubles(30, key).map((value) => [value, { value, key }]))),
]

/** The least recently used goes when there are more than `most`. */
function bounded(
  name: string,
  most: number,
  keys: number,
  make: (key: number) => unknown,
): { name: string; content: Map<number, unknown>; use: () => void } {
  const content = new Map<number, unknown>()
  return {
    name,
    content,
    use: () => {
      // A few keys are asked for again and again.
      const key = Math.floor(keys * random() ** 3)
      const value = content.get(key) ?? make(key)
      content.delete(key)
      content.set(key, value)
      const [oldest] = content.keys()
      if (content.size > most && oldest !== undefined) content.delete(oldest)
    },
  }
}

function doubles(count: number, from: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index + 0.5)
}

/** Rows of a database in memory that nobody deletes: SQLite's own malloc, no Buffer, nothing that V8 knows. */
const database = new Database(':memory:')
database.exec('CREATE TABLE audit (line BLOB)')
const insert = database.prepare('INSERT INTO audit VALUES (zeroblob(?))')
const forgotten: number[][] = []

const history = await ReportHistory.open(FOLDER)
const coordinator = new Coordinator({ mode: MODE })
for (const { name, content } of caches) {
  coordinator.register(name, {
    release: () => content.clear(),
    trim: (fraction, { choice }) => {
      const wanted = Math.ceil(fraction * content.size)
      const keys = [...content.keys()]
      const gone = choice === 'random' ? keys.toSorted(() => random() - 0.5).slice(0, wanted) : keys.slice(0, wanted)
      for (const key of gone) content.delete(key)
    },
    entries: () => content.size,
  })
}
history.attach(coordinator)

let requests = 0
let ticks = 0
const traffic = setInterval(() => {
  for (let index = 0; index < 100; index++) {
    for (const { use } of caches) use()
    requests++
  }
  ticks++
  // Sixteen pages of SQLite, once a second.
  if (ticks % TICKS === 0) insert.run(NATIVE_LEAK_BYTES - 500)
  forgotten.push(doubles(JS_LEAK_NUMBERS / TICKS, ticks))
}, 1000 / TICKS)
const observing = setInterval(() => void history.appendObservation(coordinator.observe()), 1000)

const endMs = performance.now() + SECONDS * 1000
let reports = 0
let last: AttributionReport | undefined
while (performance.now() < endMs) {
  await new Promise((resolve) => setTimeout(resolve, 15_000))
  last = await coordinator.attribute()
  reports++
  process.stderr.write(
    `${String(reports)} ${last.floor.trend?.verdict ?? ''} ${last.caches.map(({ name, trend }) => `${name} ${trend?.verdict ?? ''}`).join(', ')}\n`,
  )
}
clearInterval(traffic)
clearInterval(observing)
await history.close()
await coordinator.close()
database.close()
if (last === undefined) throw new Error('no report')
report({ last, reports, requests, text: formatReport(last, { color: false }) } satisfies Outcome)
