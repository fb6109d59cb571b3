/** The coordinator: modules register caches with it, and it attributes memory to them. */
import { EventEmitter } from 'eventemitter3'
import { useAddonFile } from '../allocator/binding.js'
import { openAllocator } from '../allocator/open.js'
import type { Allocator } from '../allocator/port.js'
import { openFinalizers } from '../measure/finalizers.js'
import { takeRunLock } from '../measure/locks.js'
import { watchMajorGcs } from '../measure/major-gcs.js'
import { createSampler } from '../measure/sample.js'
import type { Sampler } from '../measure/sample.js'
import { watchThreads } from '../measure/threads.js'
import { watchWorkers } from '../measure/worker-threads.js'
import type { EndWatch } from '../measure/worker-threads.js'
import { remembered } from '../report/sharing.js'
import type { EarlierRun } from '../report/sharing.js'
import type { AttributionReport, ReportWarning } from '../report/types.js'
import { openCoordinators } from '../twin/discover/open-coordinators.js'
import type { KnownCache } from '../twin/discover/known-cache.js'
import { accountTo } from '../profiling/javascript-stacks/account.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { callable } from '../support/options.js'
import { Calibrations } from './calibration.js'
import type { CalibrationState } from './calibration-json.js'
import { ReportExtensions } from './run/report-extensions.js'
import type { ExtendReport } from './run/report-extensions.js'
import { forgetShared, sharedCoordinator } from './default.js'
import { publish } from './events.js'
import type { CoordinatorEventPayloads, CoordinatorEvents } from './events.js'
import { observeCaches } from './observe.js'
import type { Observation } from './observe.js'
import { resolveAttributeOptions, resolveCoordinatorOptions } from './options.js'
import type {
  AttributeOptions,
  CoordinatorOptions,
  ResolvedAttributeOptions,
  ResolvedCoordinatorOptions,
} from './options.js'
import type { RegistrationOptions, Releasable } from './releasable.js'
import { Registry, describeCache, knownCache } from './registry.js'
import type { CacheDescription, Registration } from './registry.js'
import { executeRun } from './run/execute-run.js'
import { standingWarnings } from './run/standing-warnings.js'
import { openResidual } from './run/with-residual.js'
import { LiveRun } from './live/live-run.js'
import type { Run, RunContext } from './run/run-context.js'
import { RunAbortedError } from './run-aborted-error.js'
import { runKey } from './run-key.js'
import { checkDefaultMode, runInProgress } from './run-refusals.js'
import { SingleFlight } from '../support/single-flight.js'
import { TwinRun } from './twin/twin-run.js'
import { answerThreads } from './thread-answers.js'
import { aliased } from './run/warnings.js'

/** Runs that a later one is compared with: after this many the rotation has swapped every pair of neighbours. */
const EARLIER_RUNS_MAX = 8

/**
 * Attributes a process's memory to its registered caches: releases each in turn, settles the collectors, reads the
 * allocator, and reports what came back, with an error bar.
 *
 * @example
 * const coordinator = new Coordinator()
 * coordinator.register('thumbnails', { release: () => thumbnails.clear(), entries: () => thumbnails.size })
 * console.log(formatReport(await coordinator.attribute()))
 */
export class Coordinator extends EventEmitter<CoordinatorEvents> implements Disposable, AsyncDisposable {
  readonly #settings: ResolvedCoordinatorOptions
  readonly #allocator: Allocator
  readonly #sampler: Sampler
  readonly #registry: Registry
  readonly #flight = new SingleFlight<AttributionReport>('ERR_RUN_ABORTED')
  readonly #calibrations = new Calibrations()
  readonly #extensions = new ReportExtensions()
  readonly #endWatches: readonly EndWatch[]
  #earlier: readonly EarlierRun[] = []
  #runs = 0
  #run: Run | undefined
  #isReleasing = false
  #isClosed = false

  /**
   * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`;
   *   `ERR_ALLOCATOR_UNAVAILABLE`, `ERR_ADDON_MISSING`, `ERR_FFI_MISSING` for an explicit choice that is not there;
   *   `ERR_ADDON_BUNDLED` where this code was bundled or copied without the native addon; `ERR_ADDON_FILE`, `ERR_ADDON_LOADED`
   */
  constructor(options?: CoordinatorOptions) {
    super()
    this.#settings = resolveCoordinatorOptions(options)
    const { addon, allocator, binding, environment } = this.#settings
    if (addon !== undefined) useAddonFile(addon)
    this.#allocator = typeof allocator === 'string' ? openAllocator({ allocator, binding }) : allocator
    this.#sampler = createSampler(this.#allocator, environment)
    this.#registry = new Registry(() => environment.activeMs?.() ?? null)
    openCoordinators.add(this)
    // The bytes that lived after the last major collection tell live memory from garbage in a breakdown.
    const readsMajorGcs = environment.readsHeapInMajorGcs === true
    this.#endWatches = [watchWorkers(), answerThreads(), ...(readsMajorGcs ? [watchMajorGcs()] : [])]
  }

  /**
   * The coordinator that this process shares: modules register with it without handing it to each other, also those that loaded
   * another copy of this package. It is made by the first call, and again by the next one after it was closed.
   *
   * @throws CacheAttributionError `ERR_ADDON_BUNDLED`
   * @example
   * Coordinator.default().register('users', fromCache(users))
   */
  static default(): Coordinator {
    return sharedCoordinator(
      () => new Coordinator(),
      (message) => {
        process.emitWarning(message, { code: 'WARN_DEFAULT_VERSION' })
      },
    )
  }

  /** The allocator whose statistics are read. */
  get allocator(): Allocator {
    return this.#allocator
  }

  /** The registered names, in order of registration. */
  get names(): string[] {
    return this.#registry.all().map(({ name }) => name)
  }

  /** Whether a run of this coordinator is under way. */
  get isRunning(): boolean {
    return this.#flight.key !== undefined
  }

  /**
   * Registers a cache. Allowed at any time; a run under way does not take it up any more.
   *
   * @param name 1 to 200 characters, unique among the registered
   * @throws CacheAttributionError `ERR_CACHE_DUPLICATE`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`, `ERR_CLOSED`
   * @example
   * using registration = coordinator.register('users', { release: () => users.clear() }, { refillCost: 'low' })
   */
  register(name: string, releasable: Releasable, options?: RegistrationOptions): Registration {
    this.#checkOpen()
    return this.#registry.add(name, releasable, options, (names, count) => {
      this.#warn(aliased(names, count))
    })
  }

  /**
   * Releases the caches one after the other and reports what each held. Resolves with a report whatever the caches do.
   * A second identical call joins the run under way.
   *
   * It is done in a twin, and this process keeps every entry, unless `mode` says otherwise here or at the coordinator. Where
   * no twin can be made, a call that names no mode is refused with `ERR_TWIN_UNSUPPORTED`, and nothing is released.
   *
   * @throws CacheAttributionError `ERR_RUN_IN_PROGRESS`, `ERR_RUN_REENTRANT`, `ERR_CACHE_UNKNOWN`, `ERR_OPTION_*`,
   *   `ERR_CLOSED`, `ERR_GC_UNAVAILABLE`, `ERR_MALLCTL`, `ERR_RESIDENT_UNKNOWN`, `ERR_TWIN_*`; {@link RunAbortedError} `ERR_RUN_ABORTED` after an abort
   * @example
   * const report = await coordinator.attribute({ except: ['sessions'], budget: { pauseMs: 200 } })
   */
  async attribute(options?: AttributeOptions): Promise<AttributionReport> {
    this.#checkOpen()
    const resolved = resolveAttributeOptions(options, this.#settings)
    for (const name of [...(resolved.only ?? []), ...(resolved.except ?? [])]) this.#registry.check(name)
    if ((options?.mode ?? this.#settings.mode) === undefined) checkDefaultMode()
    if (this.#isReleasing) {
      throw new CacheAttributionError(
        'ERR_RUN_REENTRANT',
        'attribute() was called from inside a release of the run under way',
      )
    }
    if (resolved.signal?.aborted === true) {
      throw new CacheAttributionError('ERR_RUN_ABORTED', 'the signal was aborted before the run began')
    }
    const key = runKey(resolved)
    if (this.#flight.key === key && !this.#flight.isAborting) return this.#flight.join(resolved.signal)
    if (this.#flight.key !== undefined) throw runInProgress(this.#run?.id, this.#flight.isAborting)
    const giveBack = takeRunLock()
    if (giveBack === null) throw runInProgress(undefined)
    return this.#started(key, resolved, giveBack)
  }

  /**
   * Runs `fill`, and gives what it gives. Native memory that this thread allocates meanwhile is under `(cache NAME)` in heap
   * profiles, where `supportsJavaScriptStacks()` holds: they sum by cache then. Calls may be nested; the innermost counts. What a
   * promise does after its first `await` is not part of it. Costs two calls of the addon, whether anything is profiled or not.
   *
   * @throws CacheAttributionError `ERR_CACHE_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_CLOSED`; what `fill` throws is passed on
   * @example
   * const image = coordinator.account('thumbnails', () => resize(photo))
   */
  account<T>(name: string, fill: () => T): T {
    this.#checkOpen()
    this.#registry.check(name)
    callable(fill, 'fill')
    return accountTo(name, fill)
  }

  /**
   * The memory of the process and the caches now; releases and collects nothing, costs about 50 µs and two cheap calls per
   * cache.
   *
   * @throws CacheAttributionError `ERR_CLOSED`, `ERR_MALLCTL`
   */
  observe(): Observation {
    this.#checkOpen()
    const now = this.#settings.environment.date()
    return observeCaches(this.#sampler, this.#registry.all(), this.#calibrations, now)
  }

  /**
   * Findings of runs about the caches, per entry, as plain JSON: save it, and {@link Coordinator.restoreCalibration} gives it
   * to a later process, which then knows sizes before its first run.
   */
  get calibration(): CalibrationState {
    return this.#calibrations.toJSON()
  }

  /**
   * Takes up what {@link Coordinator.calibration} gave, by the names of the caches, which may be registered later. What was
   * measured here since stays, and counts as later than all of it. A date in the future counts as now.
   *
   * @throws CacheAttributionError `ERR_CALIBRATION_INVALID`; then nothing was taken
   * @example
   * coordinator.restoreCalibration(JSON.parse(await readFile('calibration.json', 'utf8')))
   */
  restoreCalibration(state: unknown): void {
    this.#checkOpen()
    this.#calibrations.restore(state, this.#settings.environment.date())
  }

  /** The registered caches with their traits, in order of registration. */
  describeCaches(): readonly CacheDescription[] {
    return this.#registry.all().map(describeCache)
  }

  /** The registered caches with their releases, for `discover({ coordinator })`: what they hold is not listed again. */
  knownCaches(): readonly KnownCache[] {
    return this.#registry.all().map((cache) => ({
      ...knownCache(cache),
      // A trait that keeps a cache from being released in a twin is told by the object that was registered alone.
      ...(cache.traits.twin
        ? { release: () => cache.releasable.release({ mode: 'twin', signal: new AbortController().signal }) }
        : {}),
    }))
  }

  /**
   * Aborts the run under way for all of its callers, and resolves when it has ended; at once where there is none. Those
   * who wait get {@link RunAbortedError}.
   */
  async abort(): Promise<void> {
    await this.#flight.abort()
  }

  /**
   * Adds to every report before it is given out: to the caller, to listeners, in errors. What an extension throws is a warning, and
   * the report stays as it was. A promise is waited for, 30 seconds at most, and the run lasts until then. `ReportHistory.attach()`
   * uses it, so that reports carry trends.
   *
   * @returns what takes the extension away again
   * @throws CacheAttributionError `ERR_OPTION_TYPE`, `ERR_CLOSED`
   * @example
   * coordinator.extendReports((report) => ({ ...report, deployment: process.env.DEPLOYMENT }))
   */
  extendReports(extend: ExtendReport): () => void {
    this.#checkOpen()
    return this.#extensions.add(callable(extend, 'extend') as ExtendReport)
  }

  /** Aborts the run under way, waits for its end, and forgets every cache. Calls after it are `ERR_CLOSED`. */
  async close(): Promise<void> {
    this.#isClosed = true
    openCoordinators.delete(this)
    forgetShared(this)
    for (const endWatch of this.#endWatches) endWatch()
    await this.#flight.abort()
    this.#registry.clear()
    this.#extensions.clear()
    this.removeAllListeners()
  }

  /** {@link Coordinator.close} without waiting for its end. */
  [Symbol.dispose](): void {
    void this.close()
  }

  /** {@link Coordinator.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #attribute(options: ResolvedAttributeOptions, signal: AbortSignal): Promise<AttributionReport> {
    if (!options.explainResidual) return this.#execute(options, signal, { residual: null, warnings: [] })
    const { probe, warnings } = await openResidual(this.#allocator)
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
    const restoreFlags = this.#settings.environment.keepCode()
    try {
      const measured = await executeRun(run, this.#allocator, this.#settings.environment, options, explanation.residual)
      this.#calibrations.note(measured)
      this.#earlier = [...this.#earlier, remembered(measured, this.#uncollected(options))].slice(-EARLIER_RUNS_MAX)
      const isAborted = signal.aborted
      const report = await this.#extensions.apply(measured)
      if (isAborted) throw new RunAbortedError(report)
      this.#emit('run-finished', { id: run.id, report })
      return report
    } catch (error) {
      this.#emit('run-failed', { id: run.id, error: error as Error })
      throw error
    } finally {
      restoreFlags()
      this.#run = undefined
    }
  }

  /** Names of the caches whose release no collection follows. */
  #uncollected({ mode }: ResolvedAttributeOptions): ReadonlySet<string> {
    if (mode === 'twin') return new Set()
    const caches = this.#registry.all().filter(({ traits }) => (traits.gc ?? this.#settings.gc) === 'none')
    return new Set(caches.map(({ name }) => name))
  }

  #newRun(
    options: ResolvedAttributeOptions,
    signal: AbortSignal,
    { residual, warnings }: Pick<RunContext, 'residual' | 'warnings'>,
  ): Run {
    const { environment, gc } = this.#settings
    const caches = this.#registry.all()
    const collects =
      options.mode === 'twin' ||
      gc !== 'none' ||
      caches.some(({ traits }) => traits.gc !== undefined && traits.gc !== 'none')
    const context: RunContext = {
      settings: this.#settings,
      options,
      allocator: this.#allocator,
      instrument: {
        environment,
        sampler: this.#sampler,
        collector: collects ? environment.collector() : null,
        threads: watchThreads(environment),
        finalizers: openFinalizers(environment),
      },
      caches,
      warnings: [
        ...standingWarnings(this.#allocator, this.#sampler.sample(), options.mode, environment),
        ...this.#registry.aliases().map(({ names, count }) => aliased(names, count)),
        ...warnings,
      ],
      earlier: this.#earlier,
      rotation: this.#runs++,
      signal,
      residual,
      isRegistered: (cache) => this.#registry.has(cache),
      duringRelease: (release) => this.#duringRelease(release),
      emit: (name, payload) => {
        this.#emit(name, payload)
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

  #checkOpen(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this coordinator was closed')
  }

  #warn(warning: ReportWarning): void {
    if (this.#run === undefined) this.#emit('warning', warning)
    else this.#run.warn(warning)
  }

  #emit<Name extends keyof CoordinatorEventPayloads>(name: Name, payload: CoordinatorEventPayloads[Name]): void {
    publish(this, name, payload, (error) => {
      // A warning about a listener of warnings would only call it again.
      if (name === 'warning') return
      this.#warn({ code: 'WARN_LISTENER', message: `a listener of "${name}" threw: ${messageOf(error)}` })
    })
  }
}
