/**
 * The runs of one coordinator: one at a time, joined by an identical call, each with what the earlier ones found.
 *
 * Rule: a run holds the process's lock from its start to its end, whatever it ends by.
 */
import type { Allocator } from '../allocator/port.js'
import { openFinalizers } from '../measure/finalizers.js'
import { takeRunLock } from '../measure/locks.js'
import type { Sampler } from '../measure/sample.js'
import { watchThreads } from '../measure/threads.js'
import { remembered } from '../report/sharing.js'
import type { EarlierRun } from '../report/sharing.js'
import type { AttributionReport, ReportWarning } from '../report/types.js'
import { CacheAttributionError } from '../support/errors.js'
import { SingleFlight } from '../support/single-flight.js'
import type { Calibrations } from './calibration.js'
import type { CoordinatorEventPayloads } from './events.js'
import { LiveRun } from './live/live-run.js'
import type { ResolvedAttributeOptions, ResolvedCoordinatorOptions } from './options.js'
import type { Registry } from './registry.js'
import { executeRun } from './run/execute-run.js'
import type { ReportExtensions } from './run/report-extensions.js'
import type { DuringRelease } from './pressure/pressure-parts.js'
import type { Run, RunContext } from './run/run-context.js'
import { releasedBefore, standingWarnings } from './run/standing-warnings.js'
import { aliased } from './run/warnings.js'
import { openResidual } from './run/with-residual.js'
import { RunAbortedError } from './run-aborted-error.js'
import { runKey } from './run-key.js'
import { runInProgress } from './run-refusals.js'
import { TwinRun } from './twin/twin-run.js'

/** Runs that a later one is compared with: after this many the rotation has swapped every pair of neighbours. */
const EARLIER_RUNS_MAX = 8

/** The parts of the coordinator that its runs use. */
export interface RunsParts {
  readonly settings: ResolvedCoordinatorOptions
  readonly allocator: Allocator
  readonly sampler: Sampler
  readonly registry: Registry
  readonly calibrations: Calibrations
  readonly extensions: ReportExtensions
  emit<Name extends keyof CoordinatorEventPayloads>(name: Name, payload: CoordinatorEventPayloads[Name]): void
}

/** Starts, joins, refuses and aborts the runs of a coordinator. */
export class Runs {
  readonly #parts: RunsParts
  readonly #flight = new SingleFlight<AttributionReport>('ERR_RUN_ABORTED')
  #earlier: readonly EarlierRun[] = []
  #count = 0
  #run: Run | undefined
  #isReleasing = false
  /** Releases under pressure that are under way. */
  #alone: Promise<unknown> | undefined
  /** Names of caches that were released under pressure since the last report → when. */
  readonly #releasedBefore = new Map<string, string>()

  constructor(parts: RunsParts) {
    this.#parts = parts
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#flight.key !== undefined
  }

  /** Gives a warning to the run under way; false where there is none. */
  warn(warning: ReportWarning): boolean {
    this.#run?.warn(warning)
    return this.#run !== undefined
  }

  /** Aborts the run under way, and waits for its end. */
  async abort(): Promise<void> {
    await this.#flight.abort()
    await this.#alone
  }

  /** Runs a task while no run of the process is under way; null where one is. Runs that are asked for meanwhile wait for its end. */
  alone<T>(task: (duringRelease: DuringRelease) => Promise<T>): Promise<T> | null {
    const giveBack = takeRunLock()
    if (giveBack === null) return null
    const result = task((release) => this.#duringRelease(release)).finally(() => {
      giveBack()
      this.#alone = undefined
    })
    this.#alone = result.catch(() => undefined)
    return result
  }

  /** Caches that were released under pressure: the next report says so. */
  noteReleased(names: readonly string[], at: string): void {
    for (const name of names) this.#releasedBefore.set(name, at)
  }

  /** A new run, or the one under way where it is the same. */
  async attribute(resolved: ResolvedAttributeOptions): Promise<AttributionReport> {
    if (this.#isReleasing) {
      throw new CacheAttributionError(
        'ERR_RUN_REENTRANT',
        'attribute() was called from inside a release of the run under way',
      )
    }
    if (resolved.signal?.aborted === true) {
      throw new CacheAttributionError('ERR_RUN_ABORTED', 'the signal was aborted before the run began')
    }
    while (this.#alone !== undefined) await this.#alone
    const key = runKey(resolved)
    if (this.#flight.key === key && !this.#flight.isAborting) return this.#flight.join(resolved.signal)
    if (this.#flight.key !== undefined) throw runInProgress(this.#run?.id, this.#flight.isAborting)
    const giveBack = takeRunLock()
    if (giveBack === null) throw runInProgress(undefined)
    return this.#started(key, resolved, giveBack)
  }

  async #attribute(options: ResolvedAttributeOptions, signal: AbortSignal): Promise<AttributionReport> {
    if (!options.explainResidual) return this.#execute(options, signal, { residual: null, warnings: [] })
    const { probe, warnings } = await openResidual(this.#parts.allocator)
    try {
      return await this.#execute(options, signal, { residual: probe, warnings })
    } finally {
      probe?.close()
    }
  }

  async #execute(
    options: ResolvedAttributeOptions,
    signal: AbortSignal,
    explanation: Pick<RunContext, 'residual' | 'warnings'>,
  ): Promise<AttributionReport> {
    const run = this.#newRun(options, signal, explanation)
    this.#run = run
    const restoreFlags = this.#parts.settings.environment.keepCode()
    try {
      const measured = await executeRun(
        run,
        this.#parts.allocator,
        this.#parts.settings.environment,
        options,
        explanation.residual,
      )
      this.#releasedBefore.clear()
      this.#parts.calibrations.note(measured)
      this.#earlier = [...this.#earlier, remembered(measured, this.#uncollected(options))].slice(-EARLIER_RUNS_MAX)
      const isAborted = signal.aborted
      const report = await this.#parts.extensions.apply(measured)
      if (isAborted) throw new RunAbortedError(report)
      this.#parts.emit('run-finished', { id: run.id, report })
      return report
    } catch (error) {
      this.#parts.emit('run-failed', { id: run.id, error: error as Error })
      throw error
    } finally {
      restoreFlags()
      this.#run = undefined
    }
  }

  /** Names of the caches whose release no collection follows. */
  #uncollected({ mode }: ResolvedAttributeOptions): ReadonlySet<string> {
    if (mode === 'twin') return new Set()
    const caches = this.#parts.registry.all().filter(({ traits }) => (traits.gc ?? this.#parts.settings.gc) === 'none')
    return new Set(caches.map(({ name }) => name))
  }

  #newRun(
    options: ResolvedAttributeOptions,
    signal: AbortSignal,
    { residual, warnings }: Pick<RunContext, 'residual' | 'warnings'>,
  ): Run {
    const { environment, gc } = this.#parts.settings
    const caches = this.#parts.registry.all()
    const collects =
      options.mode === 'twin' ||
      gc !== 'none' ||
      caches.some(({ traits }) => traits.gc !== undefined && traits.gc !== 'none')
    const context: RunContext = {
      settings: this.#parts.settings,
      options,
      allocator: this.#parts.allocator,
      instrument: {
        environment,
        sampler: this.#parts.sampler,
        collector: collects ? environment.collector() : null,
        threads: watchThreads(environment),
        finalizers: openFinalizers(environment),
      },
      caches,
      warnings: [
        ...standingWarnings(this.#parts.allocator, this.#parts.sampler.sample(), options.mode, environment),
        ...releasedBefore(this.#releasedBefore),
        ...this.#parts.registry.aliases().map(({ names, count }) => aliased(names, count)),
        ...warnings,
      ],
      earlier: this.#earlier,
      rotation: this.#count++,
      signal,
      residual,
      isRegistered: (cache) => this.#parts.registry.has(cache),
      duringRelease: (release) => this.#duringRelease(release),
      emit: (name, payload) => {
        this.#parts.emit(name, payload)
      },
    }
    return options.mode === 'twin' ? new TwinRun(context) : new LiveRun(context)
  }

  /** Marks the synchronous part of a release, so that attribute() called from inside it is refused, not joined. */
  #duringRelease(release: () => unknown): unknown {
    this.#isReleasing = true
    try {
      return release()
    } finally {
      this.#isReleasing = false
    }
  }

  /** A forged signal may throw: then nothing is started. The task gives the lock back itself, once it has it. */
  #started(key: string, resolved: ResolvedAttributeOptions, giveBack: () => void): Promise<AttributionReport> {
    const task = { isTaken: false }
    try {
      return this.#flight.start(key, resolved.signal, (signal) => {
        task.isTaken = true
        return this.#attribute(resolved, signal).finally(giveBack)
      })
    } finally {
      if (!task.isTaken) giveBack()
    }
  }
}
