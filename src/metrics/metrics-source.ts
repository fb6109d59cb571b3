/**
 * Where all metrics come from: observations of a coordinator, each good for a second, and what its runs told meanwhile.
 *
 * Rule: looking releases nothing and collects nothing, and whatever fails costs what it would have told, not the scrape.
 */
import type { CoordinatorEventPayloads } from '../coordinator/events.js'
import type { Observation } from '../coordinator/observe.js'
import { ownerSizes } from '../report/discovery/owner-sizes.js'
import type { Discovery } from '../report/discovery/types.js'
import type { Trend } from '../report/trends/types.js'
import type { AttributionReport } from '../report/types.js'
import { memoryLimit } from '../support/control-groups.js'
import { CacheAttributionError } from '../support/errors.js'
import { allocationCounters } from './allocation-counter.js'
import type { AllocationCounter } from './allocation-counter.js'
import { readArenas } from './arenas.js'
import { LabelCache, OTHER_LABEL, largestAndOthers } from './labels.js'
import { cacheSnapshot, bestKnownBytes, sumOfCaches } from './snapshot.js'
import type {
  CacheSnapshot,
  CounterSnapshot,
  LastReport,
  MetricsSnapshot,
  MonitorSnapshot,
  OwnerSnapshot,
} from './snapshot.js'
import type { MeteredCoordinator, MeteredMonitor, ResolvedMetricsOptions } from './options.js'
import { PressureTallies } from './pressure-tallies.js'
import { RunTallies } from './run-tallies.js'
import type { Recorder } from './run-tallies.js'

/** Reads one coordinator for one registry or one meter. */
export class MetricsSource {
  readonly #coordinator: MeteredCoordinator
  readonly #options: ResolvedMetricsOptions
  readonly #runs: RunTallies
  readonly #pressure = new PressureTallies()
  readonly #labels = new LabelCache()
  readonly #firings = new Map<string, Map<string, number>>()
  readonly #undo: (() => void)[] = []
  #last: LastReport | null = null
  #trends: ReadonlyMap<string, Trend> = new Map()
  #owners: readonly OwnerSnapshot[] = []
  #snapshot: MetricsSnapshot | undefined
  #lookedMs = -Infinity
  #failures = 0

  /** `record` is called with the values for histograms. */
  constructor(coordinator: MeteredCoordinator, options: ResolvedMetricsOptions, record: Recorder) {
    this.#coordinator = coordinator
    this.#options = options
    this.#runs = new RunTallies(record, () => options.environment.date().getTime() / 1000)
    this.#listen()
  }

  /** The present snapshot; the one before where that is young enough. */
  snapshot(): MetricsSnapshot {
    const nowMs = this.#options.environment.now()
    if (this.#snapshot === undefined || nowMs - this.#lookedMs >= this.#options.maxAgeMs) {
      this.#snapshot = this.#takeSnapshot()
      this.#lookedMs = nowMs
    }
    return this.#snapshot
  }

  /** Takes the listeners off. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  #listen(): void {
    const started = (payload: CoordinatorEventPayloads['run-started']): void => {
      this.#runs.started(payload)
    }
    const failed = (payload: CoordinatorEventPayloads['run-failed']): void => {
      this.#runs.failed(payload)
    }
    const finished = (payload: CoordinatorEventPayloads['run-finished']): void => {
      this.#runs.finished(payload)
      this.#note(payload.report)
    }
    const relieved = (round: CoordinatorEventPayloads['released-under-pressure']): void => {
      this.#pressure.finished(round)
      this.#snapshot = undefined
    }
    const coordinator = this.#coordinator
    coordinator.on('run-started', started)
    coordinator.on('run-failed', failed)
    coordinator.on('run-finished', finished)
    coordinator.on('released-under-pressure', relieved)
    this.#undo.push(() => {
      coordinator.off('run-started', started)
      coordinator.off('run-failed', failed)
      coordinator.off('run-finished', finished)
      coordinator.off('released-under-pressure', relieved)
    })
    for (const [name, monitor] of Object.entries(this.#options.monitors)) this.#count(name, monitor)
  }

  #count(name: string, monitor: MeteredMonitor): void {
    const firings = new Map<string, number>()
    this.#firings.set(name, firings)
    const onFired = ({ trigger }: { readonly trigger: string }): void => {
      firings.set(trigger, (firings.get(trigger) ?? 0) + 1)
    }
    monitor.on('fired', onFired)
    this.#undo.push(() => {
      monitor.off('fired', onFired)
    })
  }

  /** Keeps a report, and has its trends told once, here: telling them takes milliseconds a cache. */
  #note(report: AttributionReport): void {
    const { history } = this.#options
    this.#keep(report)
    if (history === undefined || report.floor.trend !== undefined) return
    // A history shows them later; a newer report has its own by then.
    const kept = this.#last
    void (async () => {
      try {
        const reportWithTrends = await history.withTrends(report)
        if (this.#last === kept) this.#keep(reportWithTrends)
      } catch (error) {
        this.#fail(error)
      }
    })()
  }

  /** Keeps of a report what the collectors show. */
  #keep(report: AttributionReport): void {
    const { floor, unattributed, noise, twin, forecast, caches, discovery } = report
    this.#last = {
      report: { floor, unattributed, noise, ...(twin === undefined ? {} : { twin }) },
      floorTrend: floor.trend ?? null,
      forecast: forecast ?? null,
    }
    this.#trends = new Map(caches.flatMap(({ name, trend }) => (trend === undefined ? [] : [[name, trend]])))
    // A run that did not seek them says nothing of them.
    if (discovery !== undefined) this.#owners = this.#ownersOf(discovery)
    // A scrape after a run shows it.
    this.#snapshot = undefined
  }

  #takeSnapshot(): MetricsSnapshot {
    const { allocator, isRunning } = this.#coordinator
    const { arenas, profiler } = this.#options
    // First: it advances the epoch that the arenas are read from.
    const observation = this.#observe()
    return {
      allocator,
      sample: observation?.sample ?? null,
      arenas: (arenas ? this.#attempt(() => readArenas(allocator.mallctl)) : null) ?? [],
      registeredCaches: observation?.caches.length ?? null,
      caches: this.#caches(observation?.caches ?? []),
      owners: this.#owners,
      runs: this.#runs,
      pressure: this.#pressure,
      isRunning,
      last: this.#last,
      limitBytes: this.#limitBytes(),
      profiling: profiler === undefined ? null : this.#attempt(() => profiler.state),
      captures: profiler === undefined ? null : this.#attempt(() => profiler.running),
      monitors: this.#monitors(),
      counters: this.#counters(),
      failures: this.#failures,
    }
  }

  /** A coordinator that was closed knows no caches any more. */
  #observe(): Observation | null {
    try {
      return this.#coordinator.observe()
    } catch (error) {
      if (!(error instanceof CacheAttributionError) || error.code !== 'ERR_CLOSED') this.#fail(error)
      return null
    }
  }

  #caches(observed: Observation['caches']): CacheSnapshot[] {
    const [shown, others] = largestAndOthers(observed, this.#options.maxCaches, bestKnownBytes)
    const snapshots = shown.map((cache) =>
      cacheSnapshot(cache, this.#labels.of(cache.name), this.#trends.get(cache.name) ?? null),
    )
    return others.length === 0 ? snapshots : [...snapshots, sumOfCaches(others, OTHER_LABEL)]
  }

  /** Those of one name (two classes at one path) are one. */
  #ownersOf(discovery: Discovery): OwnerSnapshot[] {
    const found = new Map<string, OwnerSnapshot>()
    for (const { name, bytes, trend } of ownerSizes(discovery).slice(0, this.#options.maxCaches)) {
      const label = this.#labels.of(name)
      if (!found.has(label)) found.set(label, { label, bytes, trend })
    }
    return [...found.values()]
  }

  #monitors(): MonitorSnapshot[] {
    return Object.entries(this.#options.monitors).map(([name, { statistics }]) => ({
      label: this.#labels.of(name),
      statistics,
      firings: this.#firings.get(name) ?? new Map<string, number>(),
    }))
  }

  #counters(): CounterSnapshot[] {
    const [shown, others] = largestAndOthers(
      allocationCounters(),
      this.#options.maxCaches,
      ({ liveBytes }) => liveBytes,
    )
    const snapshots = shown.map(({ name, allocatedBytes, freedBytes }) => ({
      label: this.#labels.of(name),
      allocatedBytes,
      freedBytes,
    }))
    const sum = (of: (counter: AllocationCounter) => number): number =>
      others.reduce((total, counter) => total + of(counter), 0)
    const other = {
      label: OTHER_LABEL,
      allocatedBytes: sum(({ allocatedBytes }) => allocatedBytes),
      freedBytes: sum(({ freedBytes }) => freedBytes),
    }
    return others.length === 0 ? snapshots : [...snapshots, other]
  }

  #limitBytes(): number | null {
    return this.#options.limitBytes ?? this.#last?.forecast?.limitBytes ?? memoryLimit()
  }

  #attempt<T>(read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #fail(error: unknown): void {
    this.#failures++
    try {
      this.#options.onError(error)
    } catch {
      // A handler of failures must not make the scrape fail.
    }
  }
}
