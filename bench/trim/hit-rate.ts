/**
 * The cost of a trim in hits: two lru-caches under the same Zipf-distributed requests, of which one is trimmed. Gives both
 * hit rates over the requests that follow.
 *
 *   hit-rate.js <choice> <requests>
 */
import { Coordinator } from 'cache-attribution'
import { fromLruCache } from 'cache-attribution/adapters'
import { LRUCache } from 'lru-cache'
import { report } from '../support/processes.js'

/** Hits of a minute's worth of requests. */
export interface HitRates {
  readonly untouched: number
  readonly trimmed: number
}

const ENTRIES = 100_000
const KEYS = 400_000
const SKEW = 0.9

const [choice, given] = process.argv.slice(2) as ['coldest' | 'random', string]
const requests = Number(given)
const zipf = zipfOf(KEYS, SKEW)
const untouched = new LRUCache<number, Buffer>({ max: ENTRIES })
const trimmed = new LRUCache<number, Buffer>({ max: ENTRIES })
const coordinator = new Coordinator({ mode: 'release' })
coordinator.register('cache', fromLruCache(trimmed))
serve(10 * ENTRIES)
await coordinator.attribute({ mode: 'trim', fraction: 0.05, choice })
report(serve(requests) satisfies HitRates)
await coordinator.close()

/** The same requests to both. */
function serve(count: number): HitRates {
  let [hits, hitsTrimmed] = [0, 0]
  for (let request = 0; request < count; request++) {
    const key = zipf()
    hits += ask(untouched, key)
    hitsTrimmed += ask(trimmed, key)
  }
  return { untouched: hits / count, trimmed: hitsTrimmed / count }
}

function ask(cache: LRUCache<number, Buffer>, key: number): number {
  if (cache.get(key) !== undefined) return 1
  cache.set(key, Buffer.allocUnsafeSlow(500 + (key % 1000)))
  return 0
}

/** Keys by rank with probability ∝ rank^-skew, by their cumulated weights. */
function zipfOf(keys: number, skew: number): () => number {
  const cumulated = new Float64Array(keys)
  let total = 0
  for (let rank = 0; rank < keys; rank++) cumulated[rank] = total += (rank + 1) ** -skew
  return () => {
    const wanted = Math.random() * total
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulated[middle] ?? total) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}
