/** An observation: what the process holds, and what the caches say of themselves. */
import type { Sampler, MemorySample } from '../measure/sample.js'
import type { Calibrations } from './calibration.js'
import type { CalibrationPoint } from './calibration-json.js'
import { inspectCache } from './inspect.js'
import type { LastMeasured, RegisteredCache } from './registry.js'

/** One cache now. Sizes are bytes; unknown is null. */
export interface CacheObservation {
  readonly name: string
  readonly entries: number | null
  readonly claimedBytes: number | null
  /** The findings of the last run, or null before the first. */
  readonly lastMeasured: LastMeasured | null
  /**
   * The bytes that it holds now, by its count of entries (and its claim, if it has one) and the findings of a run; null before the
   * first such run, or where it does not count its entries.
   */
  readonly estimatedBytes: number | null
  /** The ± of `estimatedBytes`; null where it or its error is not known. */
  readonly estimatedUncertaintyBytes: number | null
  /** Milliseconds since that run. */
  readonly calibrationAgeMs: number | null
  /** The findings of that run. */
  readonly calibration: CalibrationPoint | null
}

/** The result of `observe()`. Nothing was released and nothing collected: figures include garbage. */
export interface Observation {
  readonly sample: MemorySample
  readonly caches: readonly CacheObservation[]
}

/** Reads everything once. A method of a cache that throws gives null. */
export function observeCaches(
  sampler: Sampler,
  caches: readonly RegisteredCache[],
  calibrations: Calibrations,
  now: Date,
): Observation {
  return { sample: sampler.sample(), caches: estimateCaches(caches, calibrations, now) }
}

/** Entries, claims and estimates of the caches alone: nothing of the process is read. */
export function estimateCaches(
  caches: readonly RegisteredCache[],
  calibrations: Calibrations,
  now: Date,
): CacheObservation[] {
  const silent = (): void => undefined
  return caches.map((cache) => {
    const { entries, claimedBytes } = inspectCache(cache, silent)
    const { name, lastMeasured } = cache
    const estimate = calibrations.estimate(name, entries, claimedBytes, now) ?? UNCALIBRATED
    return { name, entries, claimedBytes, lastMeasured, ...estimate }
  })
}

const UNCALIBRATED = {
  estimatedBytes: null,
  estimatedUncertaintyBytes: null,
  calibrationAgeMs: null,
  calibration: null,
} as const
