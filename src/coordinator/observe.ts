/** A look without a release: what the process holds, and what the caches say of themselves. */
import type { Sampler, MemorySample } from '../measure/sample.js'
import { inspect } from './inspect.js'
import type { LastMeasured, RegisteredCache } from './registry.js'

/** One cache as it stands. */
export interface CacheObservation {
  readonly name: string
  readonly entries: number | null
  readonly claimedBytes: number | null
  /** What the last run found, or null before the first. */
  readonly lastMeasured: LastMeasured | null
}

/** What `observe()` returns. Nothing was released and nothing collected: figures include garbage. */
export interface Observation {
  readonly sample: MemorySample
  readonly caches: readonly CacheObservation[]
}

/** Looks at everything once. A method of a cache that throws gives null. */
export function observeCaches(sampler: Sampler, caches: readonly RegisteredCache[]): Observation {
  const silent = (): void => undefined
  return {
    sample: sampler.sample(),
    caches: caches.map((cache) => ({
      name: cache.name,
      ...inspect(cache, silent),
      lastMeasured: cache.lastMeasured,
    })),
  }
}
