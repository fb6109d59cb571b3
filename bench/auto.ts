/**
 * The cost of `cache-attribution/auto`: requests a second of a service that makes its caches at the start, with auto and
 * without, three servers (one more without, as a control) alternating under the same load, anew in every round; and the time of one
 * instance of a class that is made again and again, as the library has it and as auto wraps it, in turn within one process. The
 * first instances of a class are each followed, while all code is cold: they are told apart, by the median of several processes,
 * with the time that the process spends on them later, when their places are found.
 *
 *   node dist/bench/auto.js [--only instances] [--rounds 10] [--seconds 4] [--instances 200000] [--node PATH]...
 */
import http from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LRUCache } from 'lru-cache'
import { compareRestarted, serveAsPair, variantHere } from './support/pair.js'
import { chosenNodes, flags, report, runScript, versionOf } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const INSTANCE_BAR_US = 2
const ROUNDS = 9
/** Most of these are followed: a class that is made for requests has no more at once. */
const FOLLOWED = 64
const SHORT_LIVED = '--short-lived'
const FIRST = '--first'
/** Processes whose first instances are measured, of each class. */
const PROCESSES = 9
const LATER_MS = 100

/** Classes of which a service may make one for each request. */
const LIBRARIES = ['dataloader', 'lru-cache'] as const
type Library = (typeof LIBRARIES)[number]
type Maker = new (argument: unknown) => object

/** Nanoseconds of one of the first instances. */
interface First extends Round {
  /** The very first of the process. */
  readonly firstNs: number
  /** Of finding its place, which the process does in a later turn of the event loop. */
  readonly laterNs: number
}

/** Nanoseconds of one instance in a round. */
interface Round {
  readonly plainNs: number
  readonly wrappedNs: number
}

if (variantHere() !== undefined) await serve(variantHere() === 'with')
else if (process.argv.includes(SHORT_LIVED)) await makeShortLived(Number(flags('instances')[0] ?? '200000'))
else if (process.argv.includes(FIRST)) await makeFirst(flags('first')[0] as Library)
else {
  if (flags('only')[0] !== 'instances') {
    console.log(`### Caches made at the start, Node ${process.version}\n`)
    await compareRestarted(fileURLToPath(import.meta.url))
  }
  for (const node of chosenNodes()) {
    await judgeFirst(node)
    await judgeShortLived(node)
  }
}

/** Each request reads and writes one of 50 caches of lru-cache that were made at the start. */
async function serve(isServed: boolean): Promise<void> {
  if (isServed) await import('cache-attribution/auto')
  const Lru = ((await import('lru-cache')) as { LRUCache: new (options: { max: number }) => LRUCache<number, object> })
    .LRUCache
  const caches = Array.from({ length: 50 }, () => new Lru({ max: 1000 }))
  let turn = 0
  await serveAsPair(
    http.createServer((_request, response) => {
      const cache = caches[++turn % caches.length]
      const entries = Array.from({ length: 20 }, (_, index) => {
        const key = (turn * 7 + index) % 1500
        const entry = cache?.get(key) ?? { key, text: 'x'.repeat(50) }
        cache?.set(key, entry)
        return entry
      })
      response.end(JSON.stringify(entries))
    }),
  )
}

async function judgeFirst(node: string): Promise<void> {
  console.log(`### The first ${String(FOLLOWED)} instances, each followed, Node ${versionOf(node)}\n`)
  const results: (readonly [Library, readonly First[]])[] = []
  for (const library of LIBRARIES) {
    const processes: First[] = []
    for (let each = 0; each < PROCESSES; each++) {
      processes.push(...(await runScript<First>('auto', { node, args: [FIRST, library] })))
    }
    results.push([library, processes])
  }
  const median = (processes: readonly First[], of: (first: First) => number): number => medianOf(processes.map(of))
  printTable(
    [
      'package',
      'the library, ns each',
      'under auto, the first, µs',
      'the others, ns each',
      'added, µs',
      'its place, later, µs',
    ],
    results.map(([library, processes]) => [
      library,
      median(processes, ({ plainNs }) => plainNs).toFixed(0),
      median(processes, ({ firstNs }) => firstNs / 1000).toFixed(0),
      median(processes, ({ wrappedNs }) => wrappedNs).toFixed(0),
      median(processes, ({ plainNs, wrappedNs }) => (wrappedNs - plainNs) / 1000).toFixed(3),
      median(processes, ({ laterNs }) => laterNs / 1000).toFixed(3),
    ]),
  )
  for (const [library, processes] of results) {
    const added = median(processes, ({ plainNs, wrappedNs }) => (wrappedNs - plainNs) / 1000)
    verdict(
      `each of the first ${String(FOLLOWED)} of ${library} takes ${added.toFixed(3)} µs more (at most ${String(INSTANCE_BAR_US)} µs)`,
      added <= INSTANCE_BAR_US,
    )
  }
}

async function judgeShortLived(node: string): Promise<void> {
  const instances = flags('instances')[0] ?? '200000'
  const rounds = await runScript<Round>('auto', { node, args: [SHORT_LIVED, '--instances', instances] })
  const added = rounds.map(({ plainNs, wrappedNs }) => (wrappedNs - plainNs) / 1000)
  console.log(`### DataLoaders, ${instances} a round, Node ${versionOf(node)}\n`)
  printTable(
    ['round', 'the library, ns each', 'under auto, ns each', 'added, µs'],
    rounds.map(({ plainNs, wrappedNs }, round) => [
      round === 0 ? 'first' : round,
      plainNs.toFixed(0),
      wrappedNs.toFixed(0),
      ((wrappedNs - plainNs) / 1000).toFixed(3),
    ]),
  )
  const bar = `at most ${String(INSTANCE_BAR_US)} µs`
  const [first = NaN, ...later] = added
  verdict(`an instance takes ${first.toFixed(3)} µs more in the first round (${bar})`, first <= INSTANCE_BAR_US)
  const median = medianOf(later)
  verdict(`an instance takes ${median.toFixed(3)} µs more in a later round (${bar})`, median <= INSTANCE_BAR_US)
}

/** The library is loaded before auto, so that its own class is at hand; required again it is wrapped. */
async function makeShortLived(instances: number): Promise<void> {
  const require = createRequire(import.meta.url)
  const Plain = require('dataloader') as Maker
  await import('cache-attribution/auto')
  const Wrapped = require('dataloader') as Maker
  if (Wrapped === Plain) throw new Error('the class is not wrapped: this is no measurement')
  timed(Plain, 10_000)
  for (let round = 0; round < ROUNDS; round++) {
    // Each goes first in every other round.
    const plainFirst = round % 2 === 1 ? timed(Plain, instances) : null
    const wrappedNs = timed(Wrapped, instances)
    report({ plainNs: plainFirst ?? timed(Plain, instances), wrappedNs } satisfies Round)
  }
  process.exit()
}

/** A process makes its first instances of a class under auto; the class itself is warm, so that its own first calls are not counted. */
async function makeFirst(library: Library): Promise<void> {
  const require = createRequire(import.meta.url)
  const Plain = classOf(require(library), library)
  await import('cache-attribution/auto')
  const Wrapped = classOf(require(library), library)
  if (Wrapped === Plain) throw new Error('the class is not wrapped: this is no measurement')
  // The endpoint is opened in this time.
  await delay(LATER_MS)
  // After an idle time whatever runs is slow.
  timed(Plain, 10_000)
  const plainNs = timed(Plain, FOLLOWED)
  const firstNs = timed(Wrapped, 1)
  const wrappedNs = timed(Wrapped, FOLLOWED - 1)
  const started = process.hrtime.bigint()
  const { settle } = Reflect.get(globalThis, Symbol.for('cache-attribution.auto')) as { settle: () => void }
  settle()
  const laterNs = Number(process.hrtime.bigint() - started) / FOLLOWED
  report({ plainNs, firstNs, wrappedNs, laterNs } satisfies First)
  process.exit()
}

function classOf(exported: unknown, library: Library): Maker {
  return (library === 'lru-cache' ? (exported as { LRUCache: Maker }).LRUCache : exported) as Maker
}

function timed(Maker: Maker, instances: number): number {
  // A function for the one, options for the other.
  const argument = Object.assign((keys: readonly unknown[]): Promise<unknown[]> => Promise.resolve([...keys]), {
    max: 10,
  })
  let last: object | undefined
  const start = process.hrtime.bigint()
  for (let index = 0; index < instances; index++) last = new Maker(argument)
  const ns = Number(process.hrtime.bigint() - start) / instances
  if (last === undefined) throw new Error('nothing was made')
  return ns
}
