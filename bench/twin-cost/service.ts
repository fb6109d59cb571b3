/** A service with a heap of so many MB in caches, under load: twins, live runs and no runs in turn. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { processFiles } from '../../src/breakdown/kernel.js'
import { nodeEnvironment as environment } from '../../src/support/environment.js'
import { estimateCopiedBytes } from '../../src/twin/headroom.js'
import { runInTwin } from '../../src/twin/run-in-twin.js'
import { twinBinding } from '../../src/twin/support.js'
import type { TwinContext } from '../../src/twin/child.js'
import { report } from '../support/processes.js'

type Kind = 'none' | 'twin' | 'release'

export interface CostResult {
  readonly heapMb: number
  readonly majorGcMs: number[]
  /** The longest of each twin for which the service made a major GC. */
  readonly pauseMs: number[]
  /** The longest of each twin for which it made none. */
  readonly restingPauseMs: number[]
  readonly forkMs: number[]
  readonly childMs: number[]
  readonly copiedBytes: number[]
  readonly estimatedBytes: number[]
  readonly latencyMs: Record<Kind, number[]>
  /** One more without a twin than beside one: they take turns, and the first and the last are without. */
  readonly requestsPerSecond: Record<'none' | 'twin', number[]>
  /** Page faults of the service while a twin burned a processor for so long. */
  readonly faults: number[]
  readonly burnMs: number
  /** Private anonymous memory, as bench/native/plain-fork.c reads it. */
  readonly layout: string
}

const ROUNDS = 6
const THROUGHPUT_ROUNDS = 12
const BURN_MS = 1500
const CACHES = 8
const ENTRY_BYTES = 590
const ENTRY_DOUBLES = 64

const heapMb = Number(process.argv[2])
const caches = Array.from({ length: CACHES }, () => new Map<number, unknown>())
const coordinator = new Coordinator({ controls: 0 })
const { majorGcs } = twinBinding()
/** As where V8 marks, or nothing is known of it: a major GC is made before each twin. */
const collecting = new Coordinator({
  controls: 0,
  environment: { ...environment, majorGcs: () => ({ ...majorGcs(), sinceMs: null }) },
})
for (const [index, cache] of caches.entries()) {
  for (const each of [coordinator, collecting])
    each.register(`cache ${String(index)}`, {
      release: () => {
        cache.clear()
      },
      entries: () => cache.size,
    })
}
fillCaches()

function fillCaches(): void {
  const entries = (heapMb * 1e6) / CACHES / ENTRY_BYTES
  for (const cache of caches) {
    for (let index = cache.size; index < entries; index++) {
      const values = new Array<number>(ENTRY_DOUBLES)
      for (let place = 0; place < ENTRY_DOUBLES; place++) values[place] = index + place + 0.5
      cache.set(index, values)
    }
  }
}

const server = http.createServer((request, response) => {
  request.resume()
  const text = JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index, value: Math.random() })))
  response.end(text)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
/** 300 requests a second at fixed times, so that a pause shows in the latencies of those that should have been sent. */
const loadCode = `
  const http = require('node:http')
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  let latencies = []
  const start = performance.now()
  let sent = 0
  let isPaused = false
  setInterval(() => {
    const due = Math.floor((performance.now() - start) * 0.3)
    if (isPaused) sent = due
    for (; sent < due; sent++) {
      const at = start + sent / 0.3
      http.get({ host: '127.0.0.1', port: ${String((server.address() as AddressInfo).port)}, agent }, (response) => {
        response.resume().on('end', () => latencies.push(performance.now() - at))
      }).on('error', () => latencies.push(1e6))
    }
  }, 2)
  process.on('message', (message) => {
    isPaused = message === 'pause'
    if (message === 'take') process.send(latencies)
    latencies = []
  })
  process.on('disconnect', () => process.exit())
  setTimeout(() => process.exit(), 600_000)
`
const { LD_PRELOAD: _preload, ...env } = process.env
const load = spawn(process.execPath, ['-e', loadCode], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
await delay(1500)

async function latencies(): Promise<number[]> {
  load.send('take')
  const [values] = (await once(load, 'message')) as [number[]]
  return values
}

/** Work of the service itself that a saturated client would ask for: how much of it fits into a while. */
function capacity(untilDone: Promise<unknown>): Promise<number> {
  return new Promise((resolve) => {
    const startMs = performance.now()
    let done = 0
    let isOver = false
    const step = (): void => {
      const text = JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index, value: Math.random() })))
      done += text.length > 0 ? 1 : 0
      if (isOver) resolve((done / (performance.now() - startMs)) * 1000)
      else setImmediate(step)
    }
    step()
    void untilDone.finally(() => (isOver = true))
  })
}

const result: CostResult = {
  heapMb: process.memoryUsage().heapUsed / 1e6,
  majorGcMs: [],
  pauseMs: [],
  restingPauseMs: [],
  forkMs: [],
  childMs: [],
  copiedBytes: [],
  estimatedBytes: [],
  latencyMs: { none: [], twin: [], release: [] },
  requestsPerSecond: { none: [], twin: [] },
  faults: [],
  burnMs: BURN_MS,
  layout: layout(),
}
for (let round = 0; round < ROUNDS; round++) {
  const startMs = environment.now()
  environment.collector().major()
  result.majorGcMs.push(environment.now() - startMs)
  await latencies()
  const { durationMs } = await measureTwin(collecting)
  await measureTwin(coordinator)
  result.latencyMs.twin.push(...(await latencies()))
  await delay(durationMs)
  result.latencyMs.none.push(...(await latencies()))
}
// Throughput: what the service can do while a twin burns a processor beside it, against alone. The client is silent: on two
// processors it would share one with the service at times, which costs the service a third, twin or not.
load.send('pause')
await delay(100)
result.requestsPerSecond.none.push(await capacity(delay(BURN_MS)))
for (let round = 0; round < THROUGHPUT_ROUNDS; round++) {
  result.requestsPerSecond.twin.push(await capacityBesideTwin())
  result.requestsPerSecond.none.push(await capacity(delay(BURN_MS)))
}
load.send('go on')
await delay(1000)
await latencies()
await coordinator.attribute({ mode: 'release' })
result.latencyMs.release.push(...(await latencies()))

async function measureTwin(by: Coordinator): Promise<{ durationMs: number }> {
  const estimated = estimateCopiedBytes()
  const { twin, durationMs } = await by.attribute({ mode: 'twin' })
  if (twin === undefined) throw new Error('no twin')
  ;(twin.majorGcs === 0 ? result.restingPauseMs : result.pauseMs).push(twin.pauseMs)
  result.forkMs.push(twin.forkMs)
  result.childMs.push(twin.childMs)
  result.copiedBytes.push(twin.copiedBytes ?? NaN)
  result.estimatedBytes.push(estimated)
  return { durationMs }
}

/** From the first word of a twin that burns a processor to its end. */
async function capacityBesideTwin(): Promise<number> {
  let begun: () => void = () => undefined
  const begin = new Promise<void>((resolve) => (begun = resolve))
  const twin = runInTwin(burn, { timeoutMs: 60_000, onMessage: () => begun() })
  await begin
  const { minorPageFault } = process.resourceUsage()
  const perSecond = await capacity(twin)
  result.faults.push(process.resourceUsage().minorPageFault - minorPageFault)
  return perSecond
}

function layout(): string {
  return processFiles('self')
    .mappings()
    .filter(({ inode, path, perms }) => inode === 0 && perms === 'rw-p' && path !== '[stack]')
    .map(({ start, end, rssBytes }) => [start.toString(16), end - start, rssBytes].join(' '))
    .join('\n')
}

function burn(twin: TwinContext): void {
  twin.send('begun')
  const endMs = performance.now() + BURN_MS
  while (performance.now() < endMs) environment.collector().minor()
}

report(result)
load.kill()
await once(load, 'exit')
await coordinator.close()
await collecting.close()
server.closeAllConnections()
server.close()
