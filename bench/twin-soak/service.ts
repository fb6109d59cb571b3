/** The service of the soak: everything that a Node process can be busy with, and twins of it one after the other. */
import { createHash, pbkdf2, randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Session } from 'node:inspector'
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import { Coordinator, CacheAttributionError } from 'cache-attribution'
import { fill } from '../accuracy/caches.js'
import { flags, report } from '../support/processes.js'
import { startLoadedServer } from '../support/server.js'
import { keptBytes } from '../../test/helpers/kept.js'

export interface SoakResult {
  readonly twins: number
  readonly results: number
  readonly firstTry: number
  readonly laterTries: number
  /** Twins for which the service made no major GC. */
  readonly withoutGc: number
  readonly failures: Record<string, number>
  readonly pauseMs: number[]
  readonly forkMs: number[]
  readonly childMs: number[]
  readonly requests: number
  readonly failedRequests: number
  readonly lostEntries: number
  readonly wrongRows: number
  /** References by origin and target, with their count. */
  readonly leakedDescriptors: readonly string[]
  readonly childrenLeft: number
  readonly unkeptBytes: number
}

const BUFFERS = 128
const OBJECTS = 4000
const BUFFER_CLASS_BYTES = 65_536
const without = new Set(flags('without').flatMap((names) => names.split(',')))
const stops: (() => unknown)[] = []

const BUSY: Record<string, () => unknown> = {
  timers: () => every(5, () => createHash('sha256').update(randomBytes(1000)).digest('hex')),
  fs: () => every(7, () => readFile('/proc/self/status', 'utf8')),
  crypto: () => every(20, () => pbkdf2('secret', 'salt', 2000, 32, 'sha256', () => undefined)),
  zlib: () => every(15, () => gzip(randomBytes(20_000), () => undefined)),
  dns: () => every(50, () => dns.lookup('localhost', () => undefined)),
  worker: () => {
    startWorker('let kept = []; for (;;) { kept.push({ at: kept.length }); if (kept.length > 1e5) kept = [] }')
  },
  // Entries are replaced all the time: such a worker is in a collection again and again.
  collecting: () => {
    const workers = Number(flags('collecting')[0] ?? '0')
    const code =
      'const kept = new Map(); for (let at = 0; ; at++) kept.set(at % 20_000, { at, text: String(at), numbers: new Float64Array(4) })'
    for (let count = 0; count < workers; count++) startWorker(code)
  },
  wasm: startWasm,
  sqlite: startSqlite,
  sharp: startSharp,
  inspector: () => {
    const session = new Session()
    session.connect()
    session.post('Runtime.enable')
    stops.push(() => {
      session.disconnect()
    })
  },
  profile: () => {
    const session = new Session()
    session.connect()
    session.post('Profiler.enable')
    session.post('Profiler.start')
    stops.push(() => {
      session.post('Profiler.stop')
      session.disconnect()
    })
  },
}

function startWorker(code: string): void {
  const worker = new Worker(code, { eval: true })
  stops.push(() => worker.terminate())
}

function every(ms: number, work: () => unknown): void {
  const timer = setInterval(() => void work(), ms)
  stops.push(() => {
    clearInterval(timer)
  })
}

/** The parts of WebAssembly that are used: the types of Node's own library do not have it. */
interface Wasm {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { add(a: number, b: number): number } } }>
}

/** A module with one function that adds two numbers. */
async function startWasm(): Promise<void> {
  const bytes = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex')
  const { instance } = await (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly.instantiate(bytes)
  every(10, () => {
    for (let count = 0; count < 10_000; count++) instance.exports.add(count, 1)
  })
}

async function startSqlite(): Promise<void> {
  try {
    const { default: Database } = await import('libsql')
    const database = new Database(':memory:')
    database.exec('create table entries (id integer primary key, value text)')
    const insert = database.prepare('insert or replace into entries values (?, ?)')
    let id = 0
    every(5, () => insert.run(id++ % 1000, 'x'.repeat(500)))
    stops.push(() => database.close())
  } catch {
    // Built for another Node version than this.
    without.add('sqlite')
  }
}

/** libvips and its own threads. */
async function startSharp(): Promise<void> {
  const { default: sharp } = await import('sharp')
  every(40, () =>
    sharp({ create: { width: 200, height: 150, channels: 3, background: { r: shade(), g: shade(), b: shade() } } })
      .resize(50)
      .png()
      .toBuffer(),
  )
}

function shade(): number {
  return Math.floor(Math.random() * 256)
}

/** Descriptors by what they lead to, the least of several looks each: files of the service's own are open now and then. */
async function descriptors(): Promise<ReadonlyMap<string, number>> {
  let least: ReadonlyMap<string, number> | undefined
  for (let poll = 0; poll < 20; poll++) {
    const now = descriptorsNow()
    least =
      least === undefined
        ? now
        : new Map([...least].map(([kind, count]): [string, number] => [kind, Math.min(count, now.get(kind) ?? 0)]))
    await delay(50)
  }
  return least ?? new Map<string, number>()
}

function descriptorsNow(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const kind = readlinkSync(`/proc/self/fd/${fd}`).replaceAll(/\d+/g, '…')
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    } catch {
      // Closed since: this listing's own, or a file of the service's.
    }
  }
  return counts
}

/** The objects that there are more of than before. */
function leaked(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after]
    .map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)])
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${String(more)} × ${kind}`)
}

function childrenLeft(): number {
  return readdirSync('/proc/self/task').reduce((sum, task) => {
    try {
      return sum + readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).length
    } catch {
      return sum
    }
  }, 0)
}

/** Heap of V8's that a fork would copy: it is kept from forks in Node, and must be again after a twin. */
function unkeptBytes(): number {
  return v8.getHeapStatistics().total_heap_size - keptBytes()
}

const twinsMax = Number(process.argv[2])
const endMs = performance.now() + 60_000 * Number(flags('minutes')[0] ?? 'Infinity')
/** Few and small: it is forks that are to be seen, and thousands of them. */
const CACHES = 2
const caches = Array.from({ length: CACHES }, () => new Map<number, unknown>())
const coordinator = new Coordinator({ controls: 1 })
for (const [index, cache] of caches.entries()) {
  await fill(cache, index < CACHES / 2 ? 'buffers' : 'objects', index < CACHES / 2 ? BUFFERS : OBJECTS)
  coordinator.register(`${index < CACHES / 2 ? 'buffers' : 'objects'} ${String(index)}`, {
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
  })
}
const connections = flags('connections')[0]
const server = await startLoadedServer(connections === undefined ? undefined : Number(connections))
for (const [name, start] of Object.entries(BUSY)) if (!without.has(name)) await start()
await delay(1000)
const entries = caches.reduce((sum, { size }) => sum + size, 0)
// Once without a record: modules are loaded, descriptors opened.
await coordinator.attribute({ mode: 'twin' })
const descriptorsBefore = await descriptors()
const childrenBefore = childrenLeft()
const unkeptBefore = unkeptBytes()
const requestsBefore = server.requests()
const result = {
  twins: 0,
  results: 0,
  firstTry: 0,
  laterTries: 0,
  withoutGc: 0,
  failures: {} as Record<string, number>,
  pauseMs: [] as number[],
  forkMs: [] as number[],
  childMs: [] as number[],
  wrongRows: 0,
}
const failed = (reason: string): void => {
  const words = reason.replaceAll(/\d+\.\d s/g, '… s')
  result.failures[words] = (result.failures[words] ?? 0) + 1
}
for (; result.twins < twinsMax && performance.now() < endMs; result.twins++) {
  try {
    const { twin: cost, caches: rows, warnings } = await coordinator.attribute({ mode: 'twin' })
    if (cost === undefined) throw new Error('no cost')
    for (const { code, message } of warnings) if (code === 'WARN_TWIN_RETRIED') failed(message)
    result.results++
    if (cost.attempts === 1) result.firstTry++
    if (cost.attempts > 2) result.laterTries++
    if (cost.majorGcs === 0) result.withoutGc++
    result.pauseMs.push(cost.pauseMs)
    result.forkMs.push(cost.forkMs)
    result.childMs.push(cost.childMs)
    for (const { name, released } of rows) {
      const isBuffers = name.startsWith('buffers')
      const truth = isBuffers ? BUFFERS * (BUFFER_CLASS_BYTES + 144) : OBJECTS * 588
      const measured = (isBuffers ? released.allocatedBytes : released.heapBytes) ?? NaN
      if (!(Math.abs(measured - truth) <= 65_536 + 0.01 * truth)) result.wrongRows++
    }
  } catch (error) {
    failed(error instanceof CacheAttributionError ? error.message : String(error))
  }
}
const requests = server.requests() - requestsBefore
// Descriptors that the service opens itself now and then are no leak: it stops first.
for (const stop of stops) await stop()
await delay(1000)
report({
  ...result,
  requests,
  failedRequests: server.failures(),
  lostEntries: entries - caches.reduce((sum, { size }) => sum + size, 0),
  leakedDescriptors: leaked(descriptorsBefore, await descriptors()),
  childrenLeft: childrenLeft() - childrenBefore,
  unkeptBytes: Math.max(0, unkeptBytes() - Math.max(0, unkeptBefore) - 8 * 1024 * 1024),
} satisfies SoakResult)
await coordinator.close()
await server.stop()
