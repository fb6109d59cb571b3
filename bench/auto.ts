/**
 * The cost of `cache-attribution/auto`: requests a second of a service that makes its caches at the start, with auto and
 * without, three servers (one more without, as a control) alternating under the same load, anew in every round; and the time of one
 * instance of a class that is made again and again, as the library has it and as auto wraps it, in turn within one process. The
 * first instances of a class are each followed; what one of those takes is told apart.
 *
 *   node dist/bench/auto.js [--rounds 10] [--seconds 4] [--instances 200000]
 */
import http from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type DataLoader from 'dataloader'
import type { LRUCache } from 'lru-cache'
import { compareRestarted, serveAsPair, variantHere } from './support/pair.js'
import { chosenNodes, flags, report, runScript, versionOf } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const INSTANCE_BAR_US = 2
const ROUNDS = 9
/** Most of these are followed: a class that is made for requests has no more at once. */
const FOLLOWED = 64
const SHORT_LIVED = '--short-lived'

/** Nanoseconds of one instance in a round. */
interface Round {
  readonly plainNs: number
  readonly wrappedNs: number
}

if (variantHere() !== undefined) await serve(variantHere() === 'with')
else if (process.argv.includes(SHORT_LIVED)) await makeShortLived(Number(flags('instances')[0] ?? '200000'))
else {
  console.log(`### Caches made at the start, Node ${process.version}\n`)
  await compareRestarted(fileURLToPath(import.meta.url))
  for (const node of chosenNodes()) await judgeShortLived(node)
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

async function judgeShortLived(node: string): Promise<void> {
  const instances = flags('instances')[0] ?? '200000'
  const rounds = await runScript<Round>('auto', { node, args: [SHORT_LIVED, '--instances', instances] })
  const added = rounds.map(({ plainNs, wrappedNs }) => (wrappedNs - plainNs) / 1000)
  console.log(`### DataLoaders, ${instances} a round, Node ${versionOf(node)}\n`)
  printTable(
    ['round', 'the library, ns each', 'under auto, ns each', 'added, µs'],
    rounds.map(({ plainNs, wrappedNs }, round) => [
      round === 0 ? `first ${String(FOLLOWED)}, each followed` : round === 1 ? 'first' : round,
      plainNs.toFixed(0),
      wrappedNs.toFixed(0),
      ((wrappedNs - plainNs) / 1000).toFixed(3),
    ]),
  )
  const bar = `at most ${String(INSTANCE_BAR_US)} µs`
  const [, first = NaN, ...later] = added
  verdict(`an instance takes ${first.toFixed(3)} µs more in the first round (${bar})`, first <= INSTANCE_BAR_US)
  const median = medianOf(later)
  verdict(`an instance takes ${median.toFixed(3)} µs more in a later round (${bar})`, median <= INSTANCE_BAR_US)
}

/** The library is loaded before auto, so that its own class is at hand; required again it is wrapped. */
async function makeShortLived(instances: number): Promise<void> {
  const require = createRequire(import.meta.url)
  const Plain = require('dataloader') as typeof DataLoader
  await import('cache-attribution/auto')
  const Wrapped = require('dataloader') as typeof DataLoader
  if (Wrapped === Plain) throw new Error('the class is not wrapped: this is no measurement')
  timed(Plain, 10_000)
  report({ plainNs: timed(Plain, FOLLOWED), wrappedNs: timed(Wrapped, FOLLOWED) } satisfies Round)
  for (let round = 0; round < ROUNDS; round++) {
    // Each goes first in every other round.
    const plainFirst = round % 2 === 1 ? timed(Plain, instances) : null
    const wrappedNs = timed(Wrapped, instances)
    report({ plainNs: plainFirst ?? timed(Plain, instances), wrappedNs } satisfies Round)
  }
  process.exit()
}

function timed(Loader: typeof DataLoader, instances: number): number {
  const batch = (keys: readonly unknown[]): Promise<unknown[]> => Promise.resolve([...keys])
  let last: object | undefined
  const start = process.hrtime.bigint()
  for (let index = 0; index < instances; index++) last = new Loader(batch)
  const ns = Number(process.hrtime.bigint() - start) / instances
  if (last === undefined) throw new Error('nothing was made')
  return ns
}
