/** The coordinator: modules register caches with it, and it attributes memory to them. */
import { EventEmitter } from 'eventemitter3'
import { useAddonFile } from '../allocator/binding.js'
import { openAllocator } from '../allocator/open.js'
import type { Allocator } from '../allocator/port.js'
import { watchMajorGcs } from '../measure/major-gcs.js'
import { createSampler } from '../measure/sample.js'
import type { Sampler } from '../measure/sample.js'
import { watchWorkers } from '../measure/worker-threads.js'
import type { EndWatch } from '../measure/worker-threads.js'
import type { AttributionReport, ReportWarning } from '../report/types.js'
import { openCoordinators } from '../twin/discover/open-coordinators.js'
import type { KnownCache } from '../twin/discover/known-cache.js'
import { accountTo } from '../profiling/javascript-stacks/account.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { callable } from '../support/options.js'
import { Calibrations } from './calibration.js'
import type { CalibrationState } from './calibration-json.js'
import type { EntrySize } from './entry-size.js'
import { ReportExtensions } from './run/report-extensions.js'
import type { ExtendReport } from './run/report-extensions.js'
import { forgetShared, settleFound, sharedCoordinator } from './default.js'
import { publish } from './events.js'
import type { CoordinatorEventPayloads, CoordinatorEvents } from './events.js'
import { estimateCaches, observeCaches } from './observe.js'
import { dropPressureParts, notePressureParts } from './pressure/pressure-parts.js'
import type { PressureParts } from './pressure/pressure-parts.js'
import type { CacheObservation, Observation } from './observe.js'
import { resolveAttributeOptions, resolveCoordinatorOptions } from './options.js'
import type { AttributeOptions, CoordinatorOptions, ResolvedCoordinatorOptions } from './options.js'
import type { RegistrationOptions, Releasable } from './releasable.js'
import { Registry, describeCache, knownCache } from './registry.js'
import type { CacheDescription, Registration } from './registry.js'
import type { RunAbortedError } from './run-aborted-error.js'
import { checkDefaultMode } from './run-refusals.js'
import { Runs } from './runs.js'
import { answerThreads } from './thread-answers.js'
import { aliased } from './run/warnings.js'

/**
 * Attributes a process's memory to its registered caches: releases each in turn, collects garbage, reads the allocator, and
 * reports the bytes that were freed, with an error bar.
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
  readonly #calibrations = new Calibrations()
  readonly #extensions = new ReportExtensions()
  readonly #runs: Runs
  readonly #pressure: PressureParts
  readonly #endWatches: readonly EndWatch[]
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
    this.#registry = new Registry(() => environment.activeMs?.() ?? null, settleFound)
    this.#runs = new Runs({
      settings: this.#settings,
      allocator: this.#allocator,
      sampler: this.#sampler,
      registry: this.#registry,
      calibrations: this.#calibrations,
      extensions: this.#extensions,
      emit: (name, payload) => {
        this.#emit(name, payload)
      },
    })
    openCoordinators.add(this)
    this.#pressure = this.#pressureParts()
    notePressureParts(this, this.#pressure)
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
    return this.#runs.isRunning
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
    return this.#runs.attribute(resolved)
  }

  /**
   * Runs `fill` and returns its result. Native memory that this thread allocates meanwhile is under `(cache NAME)` in heap
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
   * The caches' part of {@link Coordinator.observe} alone: two cheap calls per cache, and nothing of the process is read. A
   * black box asks it while the event loop is blocked.
   *
   * @throws CacheAttributionError `ERR_CLOSED`
   */
  estimates(): readonly CacheObservation[] {
    this.#checkOpen()
    return estimateCaches(this.#registry.all(), this.#calibrations, this.#settings.environment.date())
  }

  /**
   * Findings of runs about the caches, per entry, as plain JSON: save it, and {@link Coordinator.restoreCalibration} gives it
   * to a later process, which then knows sizes before its first run.
   */
  get calibration(): CalibrationState {
    return this.#calibrations.toJSON()
  }

  /**
   * Restores a {@link Coordinator.calibration} by the names of the caches, which may be registered later. Measurements of this
   * coordinator stay, and count as later than the restored ones. A date in the future counts as now.
   *
   * @throws CacheAttributionError `ERR_CALIBRATION_INVALID`; then nothing was taken
   * @example
   * coordinator.restoreCalibration(JSON.parse(await readFile('calibration.json', 'utf8')))
   */
  restoreCalibration(state: unknown): void {
    this.#checkOpen()
    this.#calibrations.restore(state, this.#settings.environment.date())
  }

  /**
   * The bytes of one entry of a cache, as runs measured them, keys and table included; with `calibratedSize()` a bound of the cache
   * is one of memory. A twin or a trim is enough. Null before the first measurement that was beyond its error.
   *
   * @example
   * const { bytes, uncertaintyBytes } = coordinator.sizeOfEntry('users') ?? {}
   */
  sizeOfEntry(name: string): EntrySize | null {
    return this.#calibrations.entrySize(name)
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
   * Aborts the run under way for all of its callers, and resolves when it has ended; at once where there is none. The
   * callers of that run get {@link RunAbortedError}.
   */
  async abort(): Promise<void> {
    await this.#runs.abort()
  }

  /**
   * Adds to every report before it is given out: to the caller, to listeners, in errors. What an extension throws is a warning, and
   * the report stays as it was. A promise is waited for, 30 seconds at most, and the run lasts until then. `ReportHistory.attach()`
   * uses it, so that reports carry trends.
   *
   * @returns a function that removes the extension
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
    this.#pressure.watch?.stop()
    dropPressureParts(this)
    for (const endWatch of this.#endWatches) endWatch()
    await this.#runs.abort()
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

  #pressureParts(): PressureParts {
    const { environment, releaseTimeoutMs } = this.#settings
    return {
      environment,
      allocator: this.#allocator,
      releaseTimeoutMs,
      caches: () => this.#registry.all(),
      isRegistered: (cache) => this.#registry.has(cache),
      estimate: (...cache) => this.#calibrations.estimate(...cache, environment.date())?.estimatedBytes ?? null,
      alone: (task) => this.#runs.alone(task),
      noteReleased: (names, at) => {
        this.#runs.noteReleased(names, at)
      },
      emit: (round) => {
        this.#emit('released-under-pressure', round)
      },
      watch: null,
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this coordinator was closed')
  }

  #warn(warning: ReportWarning): void {
    if (!this.#runs.warn(warning)) this.#emit('warning', warning)
  }

  #emit<Name extends keyof CoordinatorEventPayloads>(name: Name, payload: CoordinatorEventPayloads[Name]): void {
    publish(this, name, payload, (error) => {
      // A warning about a listener of warnings would only call it again.
      if (name === 'warning') return
      this.#warn({ code: 'WARN_LISTENER', message: `a listener of "${name}" threw: ${messageOf(error)}` })
    })
  }
}
