/**
 * The estimate by `observe()` of a calibrated lru-cache after it doubled, and after it halved, against a release for the truth.
 *
 *   calibration.js <sizes: stable | growing | growing, claimed>
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { fromLruCache } from 'cache-attribution/adapters'
import { LRUCache } from 'lru-cache'
import { report } from '../support/processes.js'

/** One look and the truth. */
export interface CalibrationRow {
  readonly change: 'doubled' | 'halved'
  readonly estimatedBytes: number
  readonly uncertaintyBytes: number
  readonly truthBytes: number
}

const ENTRIES = 40_000
const [sizes = 'stable'] = process.argv.slice(2)

for (const change of ['doubled', 'halved'] as const) {
  const claims = sizes.endsWith('claimed') ? { maxSize: 2 ** 40, sizeCalculation: (value: Buffer) => value.length } : {}
  const cache = new LRUCache<number, Buffer>({ max: 4 * ENTRIES, ...claims })
  const coordinator = new Coordinator({ mode: 'release' })
  coordinator.register('cache', fromLruCache(cache))
  fill(cache, 0, ENTRIES, 1000)
  await delay(50)
  await coordinator.attribute()
  fill(cache, 0, ENTRIES, 1000)
  if (change === 'doubled') fill(cache, ENTRIES, 2 * ENTRIES, sizes === 'stable' ? 1000 : 1800)
  else for (let key = 0; key < ENTRIES / 2; key++) cache.delete(key)
  await delay(50)
  const [seen] = coordinator.observe().caches
  const [row] = (await coordinator.attribute()).caches
  report({
    change,
    estimatedBytes: seen?.estimatedBytes ?? NaN,
    uncertaintyBytes: seen?.estimatedUncertaintyBytes ?? NaN,
    truthBytes: row?.released.totalBytes ?? NaN,
  } satisfies CalibrationRow)
  await coordinator.close()
}

function fill(cache: LRUCache<number, Buffer>, from: number, to: number, mean: number): void {
  for (let key = from; key < to; key++) cache.set(key, Buffer.allocUnsafeSlow(Math.ceil(2 * mean * Math.random())))
}
