/**
 * One run: settle, plan, then turn by turn release and read, then report.
 *
 * Rule: whatever a cache does costs its own row only; between turns the event loop gets about as long as the turn
 * took; an aborted run still reports what it measured.
 */
import { randomUUID } from 'node:crypto'
import type { Allocator } from '../allocator/port.js'
import type { Figures, MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import type { Instrument, WindowReading } from '../measure/window.js'
import { buildReport, difference } from '../report/build.js'
import type { MeasuredCache, Measurement } from '../report/build.js'
import type { AttributionReport, ReportWarning, RowError } from '../report/types.js'
import type { CoordinatorEventPayloads } from './events.js'
import type { Inspection } from './inspect.js'
import type { ResolvedAttributeOptions, ResolvedCoordinatorOptions } from './options.js'
import { layOut, predictPauseMs, selectCaches, stepsWithin } from './plan.js'
import type { PlannedStep, PlannedTurn } from './plan.js'
import { LEVELS, REST_MS, RunReadings } from './readings.js'
import type { RegisteredCache } from './registry.js'
import { ReleaseCall, endOf } from './release.js'
import type { ReleaseEnd } from './release.js'
import { noNaturalGc, notEmpty, notSettled } from './warnings.js'
import { EntryWatch } from './watch.js'

/** What a run needs of its coordinator. */
export interface RunContext {
  readonly settings: ResolvedCoordinatorOptions
  readonly options: ResolvedAttributeOptions
  readonly allocator: Allocator
  readonly instrument: Instrument
  readonly caches: readonly RegisteredCache[]
  /** Warnings that hold for the whole run. */
  readonly warnings: readonly ReportWarning[]
  readonly rotation: number
  readonly signal: AbortSignal
  isRegistered(cache: RegisteredCache): boolean
  /** Wraps the call of a release. */
  duringRelease(release: () => unknown): unknown
  tell<Name extends keyof CoordinatorEventPayloads>(name: Name, payload: CoordinatorEventPayloads[Name]): void
}

/** A step with the cache it stands for; a control has none. */
interface BoundStep {
  readonly step: PlannedStep
  readonly cache: RegisteredCache | null
  readonly call: ReleaseCall | null
}

/** Makes one run; an instance is used once. */
export class AttributionRun {
  readonly id = randomUUID()
  readonly #context: RunContext
  readonly #byName: Map<string, RegisteredCache>
  readonly #readings: RunReadings
  readonly #watch: EntryWatch
  readonly #controls: Record<GcMode, Figures[]> = { forced: [], natural: [], none: [] }
  readonly #rows: (MeasuredCache & { readonly gc: GcMode })[] = []
  readonly #warnings: ReportWarning[] = []
  readonly #startedMs: number

  constructor(context: RunContext) {
    const { caches, instrument, settings, signal } = context
    this.#context = context
    this.#byName = new Map(caches.map((cache) => [cache.name, cache]))
    this.#watch = new EntryWatch(caches, (warning) => {
      this.warn(warning)
    })
    this.#readings = new RunReadings({
      instrument,
      signal,
      naturalGcTimeoutMs: settings.naturalGcTimeoutMs,
      onNoNaturalGc: () => {
        this.warn(noNaturalGc(settings.naturalGcTimeoutMs))
      },
    })
    this.#startedMs = instrument.environment.now()
  }

  /**
   * Runs to the end. After an abort it still resolves: with what was measured, and the rest skipped with
   * `ERR_RUN_ABORTED`.
   */
  async execute(): Promise<AttributionReport> {
    const { allocator, options, settings, instrument } = this.#context
    const startedAt = instrument.environment.date().toISOString()
    this.#context.tell('run-started', { id: this.id, trigger: options.trigger, mode: options.mode })
    for (const warning of this.#context.warnings) this.warn(warning)
    this.#watch.start()
    const before = await this.#warmUp()
    await this.#runTurns(this.#plan())
    const after = await this.#readings.level(settings.gc)
    const { gaps, pausesMs } = this.#readings
    const report = buildReport({
      head: {
        id: this.id,
        trigger: options.trigger,
        mode: options.mode,
        gc: settings.gc,
        startedAt,
        durationMs: this.#elapsedMs(),
        process: describeProcess(allocator),
        before,
        after,
        pauses: {
          count: pausesMs.length,
          longestMs: Math.max(0, ...pausesMs),
          totalMs: pausesMs.reduce((sum, pause) => sum + pause, 0),
        },
      },
      controls: this.#controls[settings.gc],
      caches: this.#rows.map(({ gc, ...row }) => ({ ...row, controls: this.#controls[gc] })),
      gaps,
      warnings: this.#warnings,
    })
    this.#remember(report)
    return report
  }

  /** Adds a warning to the report and tells it. */
  warn(warning: ReportWarning): void {
    this.#warnings.push(warning)
    this.#context.tell('warning', warning)
  }

  #elapsedMs(): number {
    return this.#context.instrument.environment.now() - this.#startedMs
  }

  /** Settles, learns what settling costs of each kind in use, and gives the sample from which the run starts. */
  async #warmUp(): Promise<MemorySample> {
    const { gc } = this.#context.settings
    const modes = new Set([gc, ...this.#context.caches.map(({ traits }) => traits.gc ?? gc)])
    // A first forced collection finds all the garbage and says little about the next: twice.
    if (modes.has('forced')) await this.#readings.level('forced')
    for (const mode of modes) if (mode !== gc) await this.#readings.level(mode)
    return this.#readings.level(gc)
  }

  #plan(): PlannedTurn[] {
    const { options, settings, rotation } = this.#context
    const plannable = this.#context.caches.map(({ name, traits, wasAsynchronous }) => ({
      name,
      gc: traits.gc ?? settings.gc,
      lossless: traits.lossless,
      refillCost: traits.refillCost,
      asynchronous: wasAsynchronous,
    }))
    const { order, skipped } = selectCaches(plannable, options, rotation)
    const turns = layOut(order, options.controls, (gc) =>
      Math.max(1, stepsWithin(this.#readings.cost, gc, options.budget.pauseMs)),
    )
    this.#context.tell('run-planned', {
      id: this.id,
      order: order.map(({ name }) => name),
      skipped,
      controls: turns.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'control').length,
      settleMs: this.#readings.cost[settings.gc],
      longestPauseMs: Math.max(
        0,
        ...turns.map(({ gc, steps }) => predictPauseMs(this.#readings.cost, gc, steps.length)),
      ),
    })
    for (const { name, error } of skipped) this.#skip(name, error)
    return turns
  }

  async #runTurns(turns: readonly PlannedTurn[]): Promise<void> {
    const queue = [...turns]
    for (let turn = queue.shift(); turn !== undefined; turn = queue.shift()) {
      const refusal = this.#refusal(turn)
      if (refusal !== undefined) {
        for (const step of turn.steps) if (step.kind === 'cache') this.#skip(step.name, refusal)
        continue
      }
      // Collections may cost more by now than when the turns were laid out.
      const fit = stepsWithin(this.#readings.cost, turn.gc, this.#context.options.budget.pauseMs)
      if (turn.steps.length > fit) queue.unshift({ gc: turn.gc, steps: turn.steps.slice(fit) })
      const rest = await this.#runTurn(turn.gc, turn.steps.slice(0, fit))
      if (rest.length > 0) queue.unshift({ gc: turn.gc, steps: rest })
    }
  }

  /** Why this turn cannot be made any more; undefined where it can. */
  #refusal({ gc, steps }: PlannedTurn): RowError | undefined {
    const { pauseMs, durationMs } = this.#context.options.budget
    if (this.#context.signal.aborted) return { code: 'ERR_RUN_ABORTED', message: 'the run was aborted before its turn' }
    if (stepsWithin(this.#readings.cost, gc, pauseMs) === 0) {
      const needed = predictPauseMs(this.#readings.cost, gc, 1).toFixed(0)
      return {
        code: 'ERR_BUDGET_PAUSE',
        message: `its window needs about ${needed} ms, budget.pauseMs is ${String(pauseMs)}`,
      }
    }
    if (durationMs === undefined) return undefined
    const asynchronous = steps.some((step) => step.kind === 'cache' && step.asynchronous)
    const levels = asynchronous ? 2 * LEVELS.least : 0
    const needed =
      predictPauseMs(this.#readings.cost, gc, steps.length) * 2 + levels * (this.#readings.cost[gc] + REST_MS.least)
    // The closing sample has to fit as well.
    if (this.#elapsedMs() + needed + this.#readings.cost[this.#context.settings.gc] <= durationMs) return undefined
    return {
      code: 'ERR_BUDGET_DURATION',
      message: `it would take about ${needed.toFixed(0)} ms, ${Math.max(0, durationMs - this.#elapsedMs()).toFixed(0)} ms of budget.durationMs are left`,
    }
  }

  /** Releases and reads in one turn; gives back the steps that an asynchronous release put off. */
  async #runTurn(gc: GcMode, planned: readonly PlannedStep[]): Promise<readonly PlannedStep[]> {
    const isStepped = gc === 'natural' || planned.some((step) => step.kind === 'cache' && step.asynchronous)
    if (isStepped) await this.#readings.topUpLevels(gc)
    const steps = this.#bind(planned)
    if (steps.length === 0) return []
    const caches = steps.flatMap(({ cache }) => cache ?? [])
    let inspections = new Map<RegisteredCache, Inspection>()
    let entriesAfter = new Map<RegisteredCache, number | null>()
    const { windows } = await this.#readings.turn(
      gc,
      steps.map(({ call }) => ({
        release: () => (call === null ? undefined : this.#context.duringRelease(() => call.call())),
      })),
      () => (inspections = this.#watch.before(caches)),
      () => (entriesAfter = this.#watch.after(caches)),
    )
    for (const [index, window] of windows.entries()) {
      const { cache, call } = steps[index] ?? {}
      if (cache == null || call == null) this.#noteControl(gc, window)
      else await this.#noteCache(gc, cache, call, window, inspections.get(cache), entriesAfter)
    }
    // After several windows in one turn it cannot be told whose late bytes they were.
    if (windows.length > 1) this.#readings.disownGap()
    return steps.slice(windows.length).map(({ step }) => step)
  }

  /** The caches behind the steps; one that was unregistered meanwhile is skipped. */
  #bind(planned: readonly PlannedStep[]): BoundStep[] {
    return planned.flatMap((step): BoundStep[] => {
      if (step.kind === 'control') return [{ step, cache: null, call: null }]
      const cache = this.#byName.get(step.name)
      if (cache === undefined || !this.#context.isRegistered(cache)) {
        this.#skip(step.name, { code: 'ERR_RELEASE_UNREGISTERED', message: 'it was unregistered during the run' })
        return []
      }
      return [{ step, cache, call: new ReleaseCall(cache, this.#context.options.mode) }]
    })
  }

  #noteControl(gc: GcMode, window: WindowReading): void {
    this.#controls[gc].push(difference(window.before, window.after))
    this.#readings.explain(null, window)
  }

  async #noteCache(
    gc: GcMode,
    cache: RegisteredCache,
    call: ReleaseCall,
    window: WindowReading,
    inspection: Inspection | undefined,
    entriesAfter: ReadonlyMap<RegisteredCache, number | null>,
  ): Promise<void> {
    const isAtomic = window.state.kind !== 'pending' && gc !== 'natural'
    const start = this.#elapsedMs() - window.pauseMs
    const end = isAtomic ? this.#endAtomic(cache, window) : await this.#endStepped(gc, cache, call, window)
    if (!window.settled) this.warn(notSettled(cache.name))
    const left = entriesAfter.get(cache) ?? null
    if (isAtomic && end.status === 'released' && left !== null && left > 0) this.warn(notEmpty(cache.name, left))
    const { status, error, measurement } = end
    this.#rows.push({
      gc,
      name: cache.name,
      status,
      measurement,
      controls: [],
      entriesBefore: inspection?.entries ?? null,
      entriesAfter: left,
      claimedBytes: inspection?.claimedBytes ?? null,
      settled: window.settled,
      pauseMs: window.pauseMs,
      durationMs: this.#elapsedMs() - start,
      ...(error === undefined ? {} : { error }),
    })
    const change = difference(window.before, window.after)
    this.#context.tell('cache-released', { id: this.id, name: cache.name, status, ...change, pauseMs: window.pauseMs })
    if (error !== undefined) this.#context.tell('cache-failed', { id: this.id, name: cache.name, status, error })
  }

  #endAtomic(cache: RegisteredCache, window: WindowReading): ReleaseEnd & { measurement: Measurement } {
    const { state, before, after } = window
    this.#readings.explain(cache.name, window)
    const end = state.kind === 'pending' ? { status: 'released' as const } : endOf(state)
    return { ...end, measurement: { kind: 'atomic', before, after } }
  }

  /** The release goes on in later turns, or its memory goes with a later GC: levels on both sides. */
  async #endStepped(
    gc: GcMode,
    cache: RegisteredCache,
    call: ReleaseCall,
    { state, before, after }: WindowReading,
  ): Promise<ReleaseEnd & { measurement: Measurement }> {
    const { settings, signal } = this.#context
    const levelsBefore = this.#readings.beginFarSide()
    const end =
      state.kind === 'pending' ? await call.end(state.outcome, settings.releaseTimeoutMs, signal) : endOf(state)
    cache.wasAsynchronous ||= state.kind === 'pending'
    const levelsAfter = await this.#readings.farSide(gc, levelsBefore)
    return { ...end, measurement: { kind: 'stepped', firstTurn: { before, after }, levelsBefore, levelsAfter } }
  }

  #skip(name: string, error: RowError): void {
    this.#rows.push({
      gc: this.#context.settings.gc,
      name,
      status: 'skipped',
      measurement: { kind: 'none' },
      controls: [],
      entriesBefore: null,
      entriesAfter: null,
      claimedBytes: null,
      settled: null,
      pauseMs: 0,
      durationMs: 0,
      error,
    })
    this.#context.tell('cache-skipped', { id: this.id, name, error })
  }

  #remember(report: AttributionReport): void {
    for (const { name, status, released, uncertaintyBytes } of report.caches) {
      const cache = this.#byName.get(name)
      if (cache === undefined || status === 'skipped') continue
      cache.lastMeasured = { ...released, uncertaintyBytes, reportId: report.id, measuredAt: report.startedAt }
    }
  }
}

function describeProcess({ name, version, statistic, binding }: Allocator): AttributionReport['process'] {
  return { pid: process.pid, nodeVersion: process.version, allocator: { name, version, statistic, binding } }
}
