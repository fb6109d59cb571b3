/**
 * Watches one quantity and acts when it has really grown.
 *
 * Rule: a poll costs microseconds; garbage is collected before it is called growth; one firing at a time, none while a run
 * is on, none within the cool-down, and none of that makes a firing get lost. What it writes is bounded.
 */
import { EventEmitter } from 'eventemitter3'
import { openAllocator } from '../../allocator/open.js'
import { isRunUnderWay } from '../../measure/locks.js'
import { CacheAttributionError } from '../../support/errors.js'
import { waitForLease } from '../../support/lease.js'
import type { Lease, LeaseGrant } from '../../support/lease.js'
import { DumpCatalogue } from '../dumps/dump-catalogue.js'
import { HeapProfiler } from '../profiler/heap-profiler.js'
import { carryOut } from './growth-actions.js'
import { resolveGrowthOptions } from './options.js'
import type { GrowthMonitorOptions, ResolvedGrowthOptions } from './options.js'
import { growthLimit, growthReader } from './growth-reader.js'
import type { GrowthReader } from './growth-reader.js'
import { GrowthRules } from './growth-rules.js'
import type { DueTrigger } from './growth-rules.js'
import type {
  FinishedGrowthEvent,
  GrowthActionResult,
  GrowthEvent,
  GrowthMonitorEvents,
  GrowthStatistics,
} from './types.js'

const LIMIT_EVERY_MS = 60_000
/** At most a tenth of the time goes into confirming. */
const CONFIRM_REST = 9

/**
 * Watches memory. After growth it keeps evidence of the cause: a heap profile, an attribution or a snapshot.
 *
 * It sees growth when its timer runs: growth within synchronous JavaScript is seen after that code. If such growth ends in an
 * out-of-memory kill at once, this monitor cannot record it; a `BlackBox` can.
 *
 * @example
 * await using monitor = new GrowthMonitor({ every: 100 * 1024 * 1024, folder: '/var/dumps' })
 * monitor.on('finished', ({ trigger, results }) => console.log(trigger, results[0]?.path))
 * monitor.start()
 */
export class GrowthMonitor extends EventEmitter<GrowthMonitorEvents> implements Disposable, AsyncDisposable {
  readonly #settings: ResolvedGrowthOptions
  readonly #reader: GrowthReader
  readonly #rules: GrowthRules
  readonly #profiler: HeapProfiler | undefined
  #timer: NodeJS.Timeout | undefined
  #hasActivated = false
  #isClosed = false
  readonly #closing = new AbortController()
  /** From the decision to fire on, before {@link GrowthMonitor.#acting} is there. */
  #isBusy = false
  #acting: Promise<FinishedGrowthEvent> | undefined
  #limitBytes: number | null = null
  #limitAtMs = -Infinity
  #pausedUntilMs = -Infinity
  #confirmAgainMs = -Infinity
  #dueSinceMs: number | undefined
  #statistics = { polls: 0, confirmations: 0, refuted: 0, firings: 0, bytes: null as number | null }

  /**
   * @throws CacheAttributionError `ERR_OPTION_*`; `ERR_ALLOCATOR_UNAVAILABLE` where the quantity cannot be read;
   *   `ERR_GROWTH_LIMIT` where `share` is given and there is no limit
   */
  constructor(options: GrowthMonitorOptions) {
    super()
    this.#settings = resolveGrowthOptions(options)
    const { actions, coordinator, environment, every, highWater, profiler, profile, quantity, rate, rearmMs, share } =
      this.#settings
    const allocator = coordinator?.allocator ?? openAllocator()
    this.#reader = growthReader(quantity, allocator, environment)
    this.#rules = new GrowthRules({ everyBytes: every, highWaterBytes: highWater, share, rate, rearmMs })
    const profiles = profile || actions.includes('dump')
    this.#profiler = profiler ?? (profiles ? new HeapProfiler({ allocator, environment }) : undefined)
    if (share !== undefined && this.#limit() === null) {
      throw new CacheAttributionError(
        'ERR_GROWTH_LIMIT',
        '"share" needs a limit, and no control group of this process has one: give "limit" in bytes',
      )
    }
  }

  /** Counters of its work. */
  get statistics(): GrowthStatistics {
    return { ...this.#statistics }
  }

  /** Whether actions are under way. */
  get isActing(): boolean {
    return this.#isBusy
  }

  /**
   * Begins to watch, from the level after a collection (none with `confirm: 'none'`). The timer does not hold the process.
   *
   * @throws CacheAttributionError `ERR_PROFILING_*`, each with the command that fixes it, where it is to profile and cannot;
   *   `ERR_PROFILE_IN_PROGRESS` while a capture is under way; `ERR_CLOSED`
   */
  start(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this monitor was closed')
    if (this.#timer !== undefined) return
    const { actions, intervalMs, profile } = this.#settings
    if (actions.includes('dump')) this.#profiler?.check()
    if (profile && this.#profiler !== undefined && this.#profiler.state.active !== true) {
      this.#profiler.activate()
      this.#hasActivated = true
    }
    // The level that everything counts from must not be that of garbage: so much growth would not be seen.
    if (this.#settings.confirm === 'collect' && this.#reader.seesGarbage) this.#collect()
    this.#check()
    this.#timer = setInterval(() => {
      this.#check()
    }, intervalMs).unref()
  }

  /**
   * One poll, as the timer makes them: for tests, and for programs with a timer of their own.
   *
   * @returns the firing that began with it, when its actions are over; null where nothing is due or something is in the way
   */
  async poll(): Promise<FinishedGrowthEvent | null> {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this monitor was closed')
    const isNew = this.#check()
    return isNew ? ((await this.#acting) ?? null) : null
  }

  /** Stops watching, waits for the actions under way, and leaves profiling as it was. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    const wasClosed = this.#isClosed
    this.#isClosed = true
    this.#closing.abort()
    await this.#acting
    if (wasClosed) return
    if (this.#hasActivated) await this.#deactivate()
    if (this.#settings.profiler === undefined) await this.#profiler?.close()
    this.removeAllListeners()
  }

  /** {@link GrowthMonitor.close} without waiting for its end. */
  [Symbol.dispose](): void {
    void this.close()
  }

  /** {@link GrowthMonitor.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Reads, and begins to act where something is due; whether it does. Never throws: it runs in a timer. */
  #check(): boolean {
    try {
      const atMs = this.#settings.environment.now()
      const bytes = this.#read(atMs)
      const due = this.#rules.due(atMs, bytes, this.#limit())
      if (due === null) {
        this.#dueSinceMs = undefined
        return false
      }
      this.#dueSinceMs ??= atMs
      if (this.#isBusy || atMs < this.#pausedUntilMs || isRunUnderWay()) return false
      const confirmed = this.#confirm(atMs, bytes, due)
      if (confirmed !== null) this.#fire(confirmed.bytes, confirmed.due)
      return confirmed !== null
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #read(atMs: number): number {
    const bytes = this.#reader.read()
    this.#rules.note(atMs, bytes)
    this.#statistics.polls++
    this.#statistics.bytes = bytes
    return bytes
  }

  /** Null where it was garbage, or where a collection would be one too many now. */
  #confirm(atMs: number, bytes: number, due: DueTrigger): { readonly bytes: number; readonly due: DueTrigger } | null {
    const { confirm, environment } = this.#settings
    if (confirm === 'none' || !this.#reader.seesGarbage) return { bytes, due }
    if (atMs < this.#confirmAgainMs) return null
    this.#collect()
    const afterMs = environment.now()
    this.#confirmAgainMs = afterMs + CONFIRM_REST * (afterMs - atMs)
    this.#statistics.confirmations++
    const settled = this.#read(afterMs)
    const still = this.#rules.due(afterMs, settled, this.#limit())
    if (still !== null) return { bytes: settled, due: still }
    this.#statistics.refuted++
    this.#dueSinceMs = undefined
    return null
  }

  #collect(): void {
    const collector = this.#settings.environment.collector()
    collector.major()
    // It waits for the sweep of ArrayBuffers.
    collector.minor()
  }

  #fire(bytes: number, { trigger, fromBytes }: DueTrigger): void {
    const { environment, quantity } = this.#settings
    const nowMs = environment.now()
    const event: GrowthEvent = {
      trigger,
      quantity,
      bytes,
      fromBytes,
      limitBytes: this.#limit(),
      firedAt: environment.date().toISOString(),
      delayMs: nowMs - (this.#dueSinceMs ?? nowMs),
    }
    this.#dueSinceMs = undefined
    this.#statistics.firings++
    this.#rules.fired(bytes)
    this.#isBusy = true
    this.#acting = this.#act(event).finally(() => {
      this.#pausedUntilMs = environment.now() + this.#settings.coolDownMs
      this.#isBusy = false
      this.#acting = undefined
    })
  }

  /** Begins in the same turn: what a dump shows is what was live at the reading. */
  async #act(event: GrowthEvent): Promise<FinishedGrowthEvent> {
    const { actions, coordinator, environment, folder, lease, prefix } = this.#settings
    this.#emit('fired', event)
    const results: GrowthActionResult[] = []
    const turn = lease === undefined ? null : (): Promise<LeaseGrant> => this.#turn(lease)
    const context = { folder, prefix, coordinator, profiler: this.#profiler, now: () => environment.now(), turn }
    for (const action of actions) {
      results.push(await carryOut(action, event, context))
      await this.#prune()
    }
    const finished = { ...event, results }
    this.#emit('finished', finished)
    return finished
  }

  /** Closing the monitor ends the wait. */
  #turn(lease: Lease): Promise<LeaseGrant> {
    const { environment, leaseWaitMs } = this.#settings
    const { signal } = this.#closing
    const pause = (ms: number): Promise<void> => environment.yieldToLoop(ms, signal)
    return waitForLease(lease, { waitMs: leaseWaitMs, signal, now: () => environment.now(), pause })
  }

  async #prune(): Promise<void> {
    const { folder, maxBytes, maxFiles, prefix } = this.#settings
    if (folder === undefined) return
    try {
      const catalogue = new DumpCatalogue({ folders: [folder] })
      await catalogue.prune({ writtenBy: 'cache-attribution', prefix, maxFiles, maxBytes })
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A capture that is under way found profiling on and would leave it on: it is waited for. */
  async #deactivate(): Promise<void> {
    for (;;) {
      try {
        this.#profiler?.deactivate()
        return
      } catch (error) {
        if (!(error instanceof CacheAttributionError) || error.code !== 'ERR_PROFILE_IN_PROGRESS') throw error
        await this.#settings.environment.yieldToLoop(50)
      }
    }
  }

  #limit(): number | null {
    const { environment, limit, quantity, share } = this.#settings
    if (limit !== undefined) return limit
    if (share === undefined) return null
    const nowMs = environment.now()
    if (nowMs - this.#limitAtMs >= LIMIT_EVERY_MS) {
      this.#limitAtMs = nowMs
      this.#limitBytes = growthLimit(quantity)
    }
    return this.#limitBytes
  }

  #fail(error: unknown): void {
    this.#emit('failed', error)
  }

  #emit<Name extends keyof GrowthMonitorEvents>(name: Name, payload: Parameters<GrowthMonitorEvents[Name]>[0]): void {
    try {
      const emitter = this as unknown as EventEmitter
      emitter.emit(name, payload)
    } catch (error) {
      // A listener of failures that throws would only be called again.
      if (name !== 'failed') this.#fail(error)
    }
  }
}
