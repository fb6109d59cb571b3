/** Everything at once under a profiler that samples every 4 KiB: what V8, libuv and the addon may meet. */
import crypto from 'node:crypto'
import fs from 'node:fs'
import { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import zlib from 'node:zlib'
import { addonOrNull } from '../../src/allocator/binding.js'
import { HeapProfiler, supportsJavaScriptStacks } from '../../src/profiling/index.js'
import { runInTwin, supportsTwin } from '../../src/twin/index.js'

/** The events met meanwhile. */
export type StressResult = Readonly<
  Record<
    'rounds' | 'workers' | 'twins' | 'dumps' | 'resizes' | 'stacks' | 'lost' | 'direct' | 'collections' | 'names',
    number
  >
>

const self = fileURLToPath(import.meta.url)
const [, , secondsText = '60', without = ''] = process.argv
const end = isMainThread ? Date.now() + Number(secondsText) * 1000 : (workerData as { readonly end: number }).end
const ring: unknown[] = Array.from({ length: 256 }, () => null)
/** A module that calls `e.f` from its export `g`. */
const MODULE = Buffer.from('AGFzbQEAAAABBAFgAAACBwEBZQFmAAADAgEABwUBAWcAAQoGAQQAEAAL', 'base64')
const sharp = without.includes('sharp') ? null : await import('sharp').catch(() => null)
const sqlite = without.includes('sqlite') ? null : await openSqlite()

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: { g(): void } }
}

let at = 0
let rounds = 0
let workers = 0
let twins = 0
let dumps = 0
let resizes = 0

const below = (most: number): number => Math.floor(Math.random() * most)
const keep = (value: unknown): void => {
  ring[at++ & 255] = value
}
const chance = (one: number): boolean => rounds % one === 0
const nothing = (): void => undefined

if (isMainThread) await main()
else loop()

async function main(): Promise<void> {
  const profiler = new HeapProfiler()
  const isProfiled = !without.includes('profiler')
  if (isProfiled) profiler.activate({ sampleBytes: 4096 })
  const { supported, reason } = supportsJavaScriptStacks()
  if (!supported) console.error(`without stacks of JavaScript: ${reason ?? ''}`)
  startWorker()
  startWorker()
  loop()
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    if (isProfiled) await profiler.dump()
    dumps++
    if (isProfiled && dumps % 4 === 0) {
      profiler.deactivate()
      await new Promise((resolve) => setTimeout(resolve, 50))
      profiler.activate()
    }
    if (dumps % 3 === 0 && supportsTwin().supported && !without.includes('twin')) await twin()
  }
  const [stacks = 0, lost = 0, direct = 0, collections = 0, names = 0] = addonOrNull()?.javaScriptStacks?.counts() ?? []
  if (isProfiled) profiler.deactivate()
  const result: StressResult = { rounds, workers, twins, dumps, resizes, stacks, lost, direct, collections, names }
  console.log(JSON.stringify(result))
  process.exit(0)
}

/** Where V8 collects without a pause no twin can be made: that is not what is tried here, a crash of one is. */
async function twin(): Promise<void> {
  try {
    const { count } = await runInTwin(() => {
      const own: Buffer[] = []
      for (let index = 0; index < 200; index++) own.push(Buffer.alloc(10_000))
      return { count: own.length }
    })
    if (count === 200) twins++
  } catch (error) {
    console.error(String(error))
  }
}

function startWorker(): void {
  if (Date.now() > end - 2000 || without.includes('worker')) return
  workers++
  const worker = new Worker(self, { workerData: { end }, argv: [secondsText, without] })
  const timer = below(4) === 0 ? setTimeout(() => void worker.terminate(), below(800)) : undefined
  worker.on('error', (error) => {
    console.error('a worker failed:', error)
  })
  worker.on('exit', () => {
    clearTimeout(timer)
    startWorker()
  })
}

function loop(): void {
  if (!isMainThread && (Date.now() > end - 1000 || rounds > 60)) {
    if (below(2) === 0) process.exit(0)
    return
  }
  if (!isMainThread && rounds === 0 && !without.includes('profiler')) new HeapProfiler().dumpText()
  round()
  setImmediate(loop)
}

function round(): void {
  rounds++
  for (let index = 0; index < 30; index++) {
    keep(below(2) === 0 ? Buffer.alloc(below(60_000) + 1) : Buffer.allocUnsafeSlow(below(200_000) + 1))
  }
  freshCode()
  if (chance(7)) vm.runInNewContext('var q = []; for (let i = 0; i < 200; i++) q.push(new ArrayBuffer(3000)); q.length')
  if (chance(5)) throughWasm()
  builtins()
  poolWork()
  const { gc } = globalThis as { gc?: (options?: object) => void }
  if (chance(9)) gc?.(below(2) === 0 ? { type: 'minor' } : {})
  if (chance(13)) deep()
  if (chance(40) && isMainThread) cpuProfile()
  void (async () => {
    await Promise.resolve()
    keep(Buffer.alloc(30_000))
  })()
  JSON.parse(JSON.stringify(Array.from({ length: 300 }, (_, index) => ({ index }))))
}

/** Interpreted, compiled, dropped and flushed. */
function freshCode(): void {
  const code = `const b = []; for (let i = 0; i < ${below(2000)}; i++) b.push({ i, s: 'x' + i }); return Buffer.alloc(${below(30_000) + 5000})`
  const made = vm.runInThisContext(`(function fresh${rounds}(Buffer) { ${code} })`) as (buffer: unknown) => unknown
  keep(made(Buffer))
}

function throughWasm(): void {
  const imports = { e: { f: () => keep(Buffer.alloc(150_000)) } }
  const { WebAssembly: api } = globalThis as unknown as { WebAssembly?: WebAssemblyApi }
  // Not under --jitless.
  if (api !== undefined) new api.Instance(new api.Module(MODULE), imports).exports.g()
}

function builtins(): void {
  const sorted = [3, 1, 2].sort((a, b) => {
    if (chance(11)) keep(Buffer.alloc(40_000))
    return a - b
  })
  keep(sorted)
  'abc'.repeat(500).replaceAll('b', () => {
    if (below(100) === 0) keep(Buffer.alloc(20_000))
    return 'z'
  })
}

/** Null where it was built for another Node. */
async function openSqlite(): Promise<typeof import('libsql') | null> {
  try {
    const { default: Database } = await import('libsql')
    new Database(':memory:').close()
    return Database
  } catch {
    return null
  }
}

function poolWork(): void {
  zlib.gzip(Buffer.alloc(50_000, 'q'), nothing)
  if (chance(4)) crypto.pbkdf2('x', 'y', 50, 32, 'sha256', nothing)
  fs.readFile(self, nothing)
  if (chance(17)) {
    const controller = new AbortController()
    fs.readFile(self, { signal: controller.signal }, nothing)
    controller.abort()
  }
  if (!isMainThread) return
  if (chance(20) && sharp !== null) {
    const image = { create: { width: 300, height: 300, channels: 3 as const, background: '#123' } }
    sharp.default(image).resize(100).png().toBuffer().then(keep, nothing)
    resizes++
  }
  if (chance(25) && sqlite !== null) {
    const database = new sqlite(':memory:')
    database.exec('create table t (a text); insert into t values (hex(randomblob(5000)))')
    keep(database.prepare('select a from t').all())
    database.close()
  }
}

function deep(): void {
  const recur = (depth: number): void => {
    if (depth > 300) keep(Buffer.alloc(100_000))
    else recur(depth + 1)
  }
  recur(0)
  const overflow = (): number => 1 + overflow()
  try {
    overflow()
  } catch {
    // As it must.
  }
}

/** A user's own profile, at the same time. */
function cpuProfile(): void {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.start')
  setTimeout(() => {
    session.post('Profiler.stop', () => {
      session.disconnect()
    })
  }, 30)
}
