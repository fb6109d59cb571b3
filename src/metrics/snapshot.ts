/** The input of the collectors: everything that is known at one moment. Types alone, and what is added up for `other`. */
import type { Allocator } from '../allocator/port.js'
import type { CacheObservation } from '../coordinator/observe.js'
import { byQuantity } from '../measure/figures.js'
import type { ByQuantity } from '../measure/figures.js'
import type { MemorySample } from '../measure/sample.js'
import type { GrowthStatistics } from '../profiling/growth/types.js'
import type { ProfilingState } from '../profiling/profiler/profiling-state.js'
import type { FloorTrend, Forecast, Trend } from '../report/trends/types.js'
import type { AttributionReport } from '../report/types.js'
import type { Sample } from './sample.js'

/** One cache, or the sum of all that are not among the largest. */
export interface CacheSnapshot {
  readonly label: string
  readonly measured: ByQuantity<number | null> | null
  readonly uncertaintyBytes: number | null
  /** Seconds since 1970; null for `other`. */
  readonly measuredAtSeconds: number | null
  readonly estimatedBytes: number | null
  readonly estimatedUncertaintyBytes: number | null
  readonly claimedBytes: number | null
  readonly entries: number | null
  readonly trend: Trend | null
}

/** One arena of jemalloc, by the keys below `stats.arenas.<i>`; null where this jemalloc does not know one. */
export interface ArenaSnapshot {
  readonly label: string
  readonly smallBytes: number | null
  readonly largeBytes: number | null
  readonly activeBytes: number | null
  readonly dirtyBytes: number | null
  readonly muzzyBytes: number | null
  readonly mappedBytes: number | null
  readonly retainedBytes: number | null
  readonly residentBytes: number | null
  readonly threads: number | null
}

/** One owner that nobody registered. */
export interface OwnerSnapshot {
  readonly label: string
  readonly bytes: number
  readonly trend: Trend | null
}

/** The findings of the last run over all. */
export interface LastReport {
  readonly report: Pick<AttributionReport, 'floor' | 'unattributed' | 'noise' | 'twin'>
  readonly floorTrend: FloorTrend | null
  readonly forecast: Forecast | null
}

/** One growth monitor. */
export interface MonitorSnapshot {
  readonly label: string
  readonly statistics: GrowthStatistics
  /** Trigger → firings. */
  readonly firings: ReadonlyMap<string, number>
}

/** One allocation counter, or the sum of all that are not among the largest. */
export interface CounterSnapshot {
  readonly label: string
  readonly allocatedBytes: number
  readonly freedBytes: number
}

/** Runs so far. */
export interface RunCounts {
  /** By `status`, `mode` and `trigger`. */
  readonly runs: readonly Sample[]
  /** Rows of the reports, by `status`. */
  readonly rows: readonly Sample[]
  /** By `outcome`. */
  readonly twins: readonly Sample[]
  /** Failed runs, by `code`. */
  readonly errors: readonly Sample[]
  readonly failedInARow: number
  /** Seconds since 1970; null before the first. */
  readonly lastFinishedSeconds: number | null
}

/** Releases under pressure so far. */
export interface PressureCounts {
  /** By `outcome`. */
  readonly rounds: readonly Sample[]
  /** By `status`. */
  readonly releases: readonly Sample[]
  readonly freedBytes: number
}

/** Everything at one moment. */
export interface MetricsSnapshot {
  readonly allocator: Pick<Allocator, 'name' | 'version' | 'binding'>
  /** Null where it could not be read, or the coordinator was closed. */
  readonly sample: MemorySample | null
  readonly arenas: readonly ArenaSnapshot[]
  readonly registeredCaches: number | null
  /** The largest, and `other`. */
  readonly caches: readonly CacheSnapshot[]
  /** Of the last report that sought them: the largest. */
  readonly owners: readonly OwnerSnapshot[]
  readonly runs: RunCounts
  readonly pressure: PressureCounts
  readonly isRunning: boolean
  readonly last: LastReport | null
  readonly limitBytes: number | null
  readonly profiling: ProfilingState | null
  /** Captures of the profiler that are under way; null where no profiler was given. */
  readonly captures: readonly string[] | null
  readonly monitors: readonly MonitorSnapshot[]
  readonly counters: readonly CounterSnapshot[]
  /** Readings that failed so far. */
  readonly failures: number
}

/** A cache as its observation shows it. */
export function cacheSnapshot(cache: CacheObservation, label: string, trend: Trend | null): CacheSnapshot {
  const { lastMeasured, estimatedBytes, estimatedUncertaintyBytes, claimedBytes, entries } = cache
  return {
    label,
    measured: lastMeasured,
    uncertaintyBytes: lastMeasured?.uncertaintyBytes ?? null,
    measuredAtSeconds: lastMeasured === null ? null : Date.parse(lastMeasured.measuredAt) / 1000,
    estimatedBytes,
    estimatedUncertaintyBytes,
    claimedBytes,
    entries,
    trend,
  }
}

/** A cache's size, as well as it is known: by its entries now, as measured last, as it claims. */
export function bestKnownBytes({ estimatedBytes, lastMeasured, claimedBytes }: CacheObservation): number {
  return estimatedBytes ?? lastMeasured?.totalBytes ?? claimedBytes ?? 0
}

/** Many caches as one. What none of them knows is unknown; errors of different caches are taken for independent. */
export function sumOfCaches(caches: readonly CacheObservation[], label: string): CacheSnapshot {
  const sum = (of: (cache: CacheObservation) => number | null | undefined): number | null => {
    const known = caches.map(of).filter((value) => value != null)
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
  }
  const rootOfSquares = (of: (cache: CacheObservation) => number | null | undefined): number | null => {
    const squares = sum((cache) => {
      const value = of(cache)
      return value == null ? null : value ** 2
    })
    return squares === null ? null : Math.sqrt(squares)
  }
  return {
    label,
    measured: byQuantity((quantity) => sum(({ lastMeasured }) => lastMeasured?.[quantity])),
    uncertaintyBytes: rootOfSquares(({ lastMeasured }) => lastMeasured?.uncertaintyBytes),
    measuredAtSeconds: null,
    estimatedBytes: sum(({ estimatedBytes }) => estimatedBytes),
    estimatedUncertaintyBytes: rootOfSquares(({ estimatedUncertaintyBytes }) => estimatedUncertaintyBytes),
    claimedBytes: sum(({ claimedBytes }) => claimedBytes),
    entries: sum(({ entries }) => entries),
    trend: null,
  }
}
