/**
 * One lru-cache of known content, trimmed and then released for the truth, again and again; one JSON line a run.
 *
 *   measure.js <sizes> <choice> <runs> <entries>
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { fromLruCache } from 'cache-attribution/adapters'
import { LRUCache } from 'lru-cache'
import { report } from '../support/processes.js'

/** One trim and the truth behind it. */
export interface TrimRow {
  readonly estimatedBytes: number
  readonly uncertaintyBytes: number
  readonly truthBytes: number
  readonly droppedEntries: number
  readonly longestPauseMs: number
  readonly durationMs: number
}

/** The entries of a cache, by age: 0 the coldest, 1 the hottest. */
export type Sizes = 'uniform' | 'log-normal' | 'bimodal by age'

const [sizes, choice, runs, entries] = process.argv.slice(2) as [Sizes, 'coldest' | 'random', string, string]
const count = Number(entries)
const cache = new LRUCache<number, Buffer>({ max: count })
const coordinator = new Coordinator({ mode: 'release' })
coordinator.register('cache', fromLruCache(cache))

for (let run = -1; run < Number(runs); run++) {
  fill()
  await delay(50)
  const trimmed = await coordinator.attribute({ mode: 'trim', fraction: 0.05, choice })
  const whole = await coordinator.attribute({ controls: 0 })
  const [row, rest] = [trimmed.caches[0], whole.caches[0]]
  if (run < 0) continue
  report({
    estimatedBytes: row?.estimated?.totalBytes ?? NaN,
    uncertaintyBytes: row?.estimatedUncertaintyBytes ?? NaN,
    truthBytes: (row?.released.totalBytes ?? NaN) + (rest?.released.totalBytes ?? NaN),
    droppedEntries: (row?.entriesBefore ?? NaN) - (row?.entriesAfter ?? NaN),
    longestPauseMs: trimmed.pauses.longestMs,
    durationMs: trimmed.durationMs,
  } satisfies TrimRow)
}
await coordinator.close()

function fill(): void {
  for (let index = 0; index < count; index++) cache.set(index, Buffer.allocUnsafeSlow(sizeOf(index / count)))
}

function sizeOf(age: number): number {
  if (sizes === 'uniform') return Math.ceil(2048 * Math.random())
  if (sizes === 'bimodal by age') return age < 0.5 ? 200 : 2000
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
  return Math.ceil(Math.min(700 * Math.exp(normal), 200_000))
}
