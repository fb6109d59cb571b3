/** Leaks in what waits: listeners, timers, promises, async functions, generators, contexts. */
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type Leak, payload, times } from './leak.js'

const COUNT = 12_000
const LONG_MS = 3_600_000

const bus = new EventEmitter()
const ready = new EventEmitter()
const target = new EventTarget()
const shutdown = new AbortController()
const changes = diagnostics.channel('waiting.changes')
const requests = new AsyncLocalStorage<{ readonly body: number[] }>()
const neverDone = new Promise<void>(() => undefined)
const scheduled = new EventEmitter()
const resources = new Map<number, number[]>()
const generators: Generator<number>[] = []
const asyncGenerators: AsyncGenerator<number>[] = []
const jobs = new Set<Promise<unknown>>()
const waiters: ((value: unknown) => void)[] = []

function subscribe(index: number): void {
  const body = payload(index)
  bus.on('config', () => body.length)
}

function subscribeOnce(index: number): void {
  const body = payload(index)
  ready.once('ready', () => body.length)
}

function listenToTarget(index: number): void {
  const body = payload(index)
  target.addEventListener('change', () => body.length)
}

function abortable(index: number): void {
  const body = payload(index)
  shutdown.signal.addEventListener('abort', () => {
    body.length = 0
  })
}

function observe(index: number): void {
  const body = payload(index)
  diagnostics.subscribe('waiting.changes', () => body.length)
  if (!changes.hasSubscribers) throw new Error('nobody subscribed')
}

function schedule(index: number): void {
  const body = payload(index)
  setTimeout(() => body.length, LONG_MS).unref()
}

function poll(index: number): void {
  const body = payload(index)
  setInterval(() => body.length, LONG_MS + (index % 50)).unref()
}

async function waitForDelay(index: number): Promise<number> {
  const body = payload(index)
  await delay(LONG_MS, undefined, { ref: false })
  return body.length
}

async function fetchRow(index: number): Promise<number> {
  const body = payload(index)
  await neverDone
  return body.length
}

async function outer(index: number): Promise<number> {
  const body = payload(index, 40)
  const row = await inner(index)
  return body.length + row
}

async function inner(index: number): Promise<number> {
  const body = payload(index, 40)
  await neverDone
  return body.length
}

function whenDone(index: number): void {
  const body = payload(index)
  void neverDone.then(() => body.length)
}

function* walkRows(index: number): Generator<number> {
  const body = payload(index)
  for (const value of body) yield value
}

async function* readRows(index: number): AsyncGenerator<number> {
  const body = payload(index)
  for (const value of body) yield await Promise.resolve(value)
}

function enqueue(index: number): Promise<unknown> {
  const body = payload(index)
  return new Promise((resolve) => {
    waiters.push((value) => {
      resolve([value, body])
    })
  })
}

export const leaks: readonly Leak[] = [
  {
    name: 'listeners of an emitter',
    says: /^waiting\.js › bus\.listeners\('config'\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      bus.setMaxListeners(0)
      times(COUNT, subscribe)
    },
  },
  {
    name: 'listeners that are called once',
    says: /^waiting\.js › ready\.listeners\('ready'\) ×12,000/,
    plant: () => {
      ready.setMaxListeners(0)
      times(COUNT, subscribeOnce)
    },
  },
  {
    name: 'listeners of an EventTarget',
    says: /^waiting\.js › target\.listeners\('change'\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, listenToTarget)
    },
  },
  {
    name: 'listeners of an AbortSignal',
    says: /^waiting\.js › shutdown\.(?:signal|#signal|Symbol\(signal\))\.listeners\('abort'\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, abortable)
    },
  },
  {
    name: 'listeners of the process',
    says: /^process\.listeners\('beforeExit'\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      process.setMaxListeners(0)
      times(COUNT, (index) => {
        const body = payload(index)
        // While a module awaits at its top level Node 20 listens to the exit itself.
        process.on('beforeExit', () => body.length)
      })
    },
  },
  {
    name: 'subscribers of a diagnostics channel',
    says: /^waiting\.js › changes\b.*waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, observe)
    },
  },
  {
    name: 'timers',
    says: /^timers ×12,000 set in waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, schedule)
    },
  },
  {
    name: 'intervals of many durations',
    says: /^timers ×12,000 set in waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, poll)
    },
  },
  {
    name: 'async functions that wait for a timer',
    says: /^promises awaiting waitForDelay\(\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, (index) => void waitForDelay(index))
    },
  },
  {
    name: 'async functions',
    says: /^promises awaiting fetchRow\(\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, (index) => void fetchRow(index))
    },
  },
  {
    name: 'async functions that await one another',
    says: /^promises awaiting (?:inner|outer)\(\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, (index) => void outer(index))
    },
  },
  {
    name: 'reactions of a promise',
    says: /^waiting\.js › neverDone: Promise.* from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, whenDone)
    },
  },
  {
    name: 'results of races against a promise',
    says: /^waiting\.js › neverDone: Promise/,
    notOn: [26],
    plant: async () => {
      for (let index = 0; index < COUNT; index++) {
        await Promise.race([Promise.resolve({ body: payload(index) }), neverDone])
      }
    },
  },
  {
    name: 'promises that nobody settles',
    says: /^waiting\.js › (?:waiters|jobs): (?:Array|Set)\(12,000\)/,
    plant: () => {
      times(COUNT, (index) => jobs.add(enqueue(index)))
    },
  },
  {
    name: 'generators',
    says: /^suspended generators walkRows\(\) ×12,000 from waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, (index) => {
        const rows = walkRows(index)
        rows.next()
        generators.push(rows)
      })
    },
  },
  {
    name: 'async generators',
    says: /^suspended generators readRows\(\) ×12,000 from waiting\.js:\d+$/,
    plant: async () => {
      for (let index = 0; index < COUNT; index++) {
        const rows = readRows(index)
        await rows.next()
        asyncGenerators.push(rows)
      }
    },
  },
  {
    name: 'contexts of requests at timers',
    says: /^timers ×12,000 set in waiting\.js:\d+$/,
    plant: () => {
      times(COUNT, (index) => {
        requests.run({ body: payload(index) }, () => {
          setTimeout(() => undefined, LONG_MS).unref()
        })
      })
    },
  },
  {
    name: 'contexts of requests at listeners',
    says: /^waiting\.js › scheduled\.listeners\('tick'\) ×12,000/,
    plant: () => {
      scheduled.setMaxListeners(0)
      times(COUNT, (index) => {
        requests.run({ body: payload(index) }, () => {
          scheduled.on(
            'tick',
            AsyncResource.bind(() => undefined),
          )
        })
      })
    },
  },
  {
    name: 'a Map that an async hook fills',
    says: /^waiting\.js › resources: Map\([\d,]+\)$/,
    plant: () => {
      const hook = createHook({
        init: (id) => {
          if (resources.size < COUNT) resources.set(id, payload(id))
        },
      }).enable()
      times(COUNT + 100, (index) => new AsyncResource(`job ${String(index)}`))
      hook.disable()
    },
  },
  {
    name: 'marks of the timeline',
    says: /^node:internal\/perf\/observe › markEntryBuffer: Array\(12,000\)$/,
    plant: () => {
      times(12_000, (index) => performance.mark(`request ${String(index)}`, { detail: payload(index) }))
    },
  },
]
