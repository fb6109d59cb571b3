/**
 * One run: settle, plan, then turn by turn release and read, then report.
 *
 * Rule: whatever a cache does costs its own row only; between turns the event loop gets about as long as the turn
 * took; an aborted run still reports what it measured.
 */
import { randomUUID } from 'node:crypto'
import type { Allocator } from '../allocator/port.js'
import { figuresOf } from '../measure/sample.js'
import type { Figures, MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import { measureLevel, measureTurn } from '../measure/window.js'
import type { Instrument, SettledLevel, TurnReadings, WindowReading } from '../measure/window.js'
import { buildReport, difference } from '../report/build.js'
import type { Gap, MeasuredCache, Measurement } from '../report/build.js'
import { levelsSuffice } from '../report/statistics.js'
import type { AttributionReport, ReportWarning, RowError } from '../report/types.js'
import type { CoordinatorEventPayloads } from './events.js'
import type { Inspection } from './inspect.js'
import { LevelSeries } from './levels.js'
import type { ResolvedAttributeOptions, ResolvedCoordinatorOptions } from './options.js'
import { layOut, predictPauseMs, selectCaches, stepsWithin } from './plan.js'
import type { PlannedStep, PlannedTurn, SkippedCache } from './plan.js'
import type { RegisteredCache } from './registry.js'
import { ReleaseCall, endOf } from './release.js'
import type { ReleaseEnd } from './release.js'
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

/** How long the loop turns between two turns of ours: as long as the last one held it, within these bounds. */
const REST_MS = { least: 25, most: 100 } as const

/** Levels on either side of an asynchronous release: how many, and the half-width of the interval that is aimed at. */
const LEVELS = { least: 8, most: 20, natural: 3, wantedBytes: 2 * 1024 * 1024 } as const

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
  readonly #levels = new LevelSeries()
  readonly #cost: Record<GcMode, number> = { forced: 0, natural: 0, none: 0 }
  readonly #controls: Record<GcMode, Figures[]> = { forced: [], natural: [], none: [] }
  readonly #rows: (MeasuredCache & { readonly gc: GcMode })[] = []
  readonly #gaps: Gap[] = []
  readonly #warnings: ReportWarning[] = []
  readonly #pauses: number[] = []
  readonly #watch: EntryWatch
  readonly #startedMs: number
  /** The last read of the latest window, and whose it was, until the next read in a later turn. */
  #lastRead: { readonly cache: string | null; readonly figures: Figures } | undefined

  constructor(context: RunContext) {
    this.#context = context
    this.#byName = new Map(context.caches.map((cache) => [cache.name, cache]))
    this.#watch = new EntryWatch(context.caches, (warning) => {
      this.warn(warning)
    })
    this.#startedMs = this.#environment.now()
  }

  /**
   * Runs to the end. After an abort it still resolves: with what was measured, and the rest skipped with
   * `ERR_RUN_ABORTED`.
   */
  async execute(): Promise<AttributionReport> {
    const { options, settings } = this.#context
    const startedAt = this.#environment.date().toISOString()
    this.#context.tell('run-started', { id: this.id, trigger: options.trigger, mode: options.mode })
    for (const warning of this.#context.warnings) this.warn(warning)
    const before = await this.#warmUp()
    const turns = this.#plan()
    await this.#runTurns(turns)
    const after = await this.#level(settings.gc)
    const report = buildReport({
      head: {
        id: this.id,
        trigger: options.trigger,
        mode: options.mode,
        gc: settings.gc,
        startedAt,
        durationMs: this.#elapsedMs(),
        process: describeProcess(this.#context.allocator),
        before,
        after,
        pauses: {
          count: this.#pauses.length,
          longestMs: Math.max(0, ...this.#pauses),
          totalMs: this.#pauses.reduce((sum, pause) => sum + pause, 0),
        },
      },
      controls: this.#controls[settings.gc],
      caches: this.#rows.map(({ gc, ...row }) => ({ ...row, controls: this.#controls[gc] })),
      gaps: this.#gaps,
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

  get #environment(): Instrument['environment'] {
    return this.#context.instrument.environment
  }

  #elapsedMs(): number {
    return this.#environment.now() - this.#startedMs
  }

  /** Settles, learns what settling costs of each kind in use, and gives the sample from which the run starts. */
  async #warmUp(): Promise<MemorySample> {
    const { gc } = this.#context.settings
    const modes = new Set(this.#context.caches.map(({ traits }) => traits.gc ?? gc))
    modes.delete(gc)
    // A first collection finds all the garbage and says little about the next: twice.
    for (const mode of [...modes, ...(modes.has('forced') || gc === 'forced' ? (['forced'] as const) : [])]) {
      await this.#level(mode)
    }
    return this.#level(gc)
  }

  /** A settled sample in a turn of its own, in the series of levels. */
  async #level(mode: GcMode): Promise<MemorySample> {
    await this.#rest()
    if (mode === 'natural') await this.#awaitNaturalGc()
    const level: SettledLevel = await measureLevel(this.#context.instrument, mode)
    this.#cost[mode] = level.pauseMs
    this.#pauses.push(level.pauseMs)
    this.#addLevel(figuresOf(level.sample), level.atMs)
    return level.sample
  }

  /**
   * The same before every reading: how much is in flight depends on how long ago the loop was last held, and only
   * levels of the same phase can be compared.
   */
  #rest(): Promise<void> {
    const ms = Math.min(REST_MS.most, Math.max(REST_MS.least, this.#pauses.at(-1) ?? 0))
    return this.#environment.rest(ms, this.#context.signal)
  }

  #addLevel(figures: Figures, atMs: number): void {
    this.#levels.add(figures, atMs)
    if (this.#lastRead === undefined) return
    this.#gaps.push({ cache: this.#lastRead.cache, change: difference(this.#lastRead.figures, figures) })
    this.#lastRead = undefined
  }

  async #awaitNaturalGc(cache?: string): Promise<boolean> {
    const { naturalGcTimeoutMs } = this.#context.settings
    if (await this.#environment.nextMajorGc(naturalGcTimeoutMs, this.#context.signal)) return true
    this.warn({
      code: 'WARN_NO_NATURAL_GC',
      message: `V8 made no major GC of its own within ${String(naturalGcTimeoutMs)} ms: garbage may count as live`,
      ...(cache === undefined ? {} : { cache }),
    })
    return false
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
      Math.max(1, stepsWithin(this.#cost, gc, options.budget.pauseMs)),
    )
    this.#context.tell('run-planned', {
      id: this.id,
      order: order.map(({ name }) => name),
      skipped,
      controls: turns.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'control').length,
      settleMs: this.#cost[settings.gc],
      longestPauseMs: Math.max(0, ...turns.map(({ gc, steps }) => predictPauseMs(this.#cost, gc, steps.length))),
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
      const fit = stepsWithin(this.#cost, turn.gc, this.#context.options.budget.pauseMs)
      if (turn.steps.length > fit) queue.unshift({ gc: turn.gc, steps: turn.steps.slice(fit) })
      const rest = await this.#runTurn(turn.gc, turn.steps.slice(0, fit))
      if (rest.length > 0) queue.unshift({ gc: turn.gc, steps: rest })
    }
  }

  /** Why this turn cannot be made any more; undefined where it can. */
  #refusal({ gc, steps }: PlannedTurn): RowError | undefined {
    const { pauseMs, durationMs } = this.#context.options.budget
    if (this.#context.signal.aborted) return { code: 'ERR_RUN_ABORTED', message: 'the run was aborted before its turn' }
    if (stepsWithin(this.#cost, gc, pauseMs) === 0) {
      const needed = predictPauseMs(this.#cost, gc, 1).toFixed(0)
      return {
        code: 'ERR_BUDGET_PAUSE',
        message: `its window needs about ${needed} ms, budget.pauseMs is ${String(pauseMs)}`,
      }
    }
    if (durationMs === undefined) return undefined
    const asynchronous = steps.some((step) => step.kind === 'cache' && step.asynchronous)
    const levels = asynchronous ? 2 * LEVELS.least : 0
    const needed = predictPauseMs(this.#cost, gc, steps.length) * 2 + levels * (this.#cost[gc] + REST_MS.least)
    // The closing sample has to fit as well.
    if (this.#elapsedMs() + needed + this.#cost[this.#context.settings.gc] <= durationMs) return undefined
    return {
      code: 'ERR_BUDGET_DURATION',
      message: `it would take about ${needed.toFixed(0)} ms, ${Math.max(0, durationMs - this.#elapsedMs()).toFixed(0)} ms of budget.durationMs are left`,
    }
  }

  /** Releases and reads in one turn; gives back the steps that an asynchronous release put off. */
  async #runTurn(gc: GcMode, planned: readonly PlannedStep[]): Promise<readonly PlannedStep[]> {
    const steps = this.#bind(planned)
    if (steps.length === 0) return []
    const isStepped = gc === 'natural' || planned.some((step) => step.kind === 'cache' && step.asynchronous)
    if (isStepped) await this.#topUpLevels(gc)
    await this.#rest()
    const caches = steps.flatMap(({ cache }) => cache ?? [])
    const inspections = this.#watch.before(caches)
    let entriesAfter = new Map<RegisteredCache, number | null>()
    const readings = await measureTurn(
      this.#context.instrument,
      gc,
      steps.map(({ call }) => ({
        release: () => (call === null ? undefined : this.#context.duringRelease(() => call.call())),
      })),
      () => (entriesAfter = this.#watch.after(caches)),
    )
    this.#notePause(gc, readings)
    for (const [index, window] of readings.windows.entries()) {
      const bound = steps[index]
      if (bound === undefined) break
      if (index === 0) this.#addLevel(window.before, readings.startedAtMs)
      if (bound.cache === null || bound.call === null) this.#noteControl(gc, window)
      else {
        await this.#noteCache(gc, bound.cache, bound.call, window, inspections.get(bound.cache), entriesAfter)
      }
    }
    // After several windows in one turn it cannot be told whose late bytes they were.
    if (readings.windows.length > 1 && this.#lastRead !== undefined) this.#lastRead = { ...this.#lastRead, cache: null }
    return planned.slice(planned.length - (steps.length - readings.windows.length))
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

  async #topUpLevels(gc: GcMode): Promise<void> {
    const wanted = gc === 'natural' ? LEVELS.natural : LEVELS.least
    while (this.#levels.current.length < wanted && !this.#context.signal.aborted) {
      await this.#level(gc)
    }
    if (gc === 'natural') await this.#awaitNaturalGc()
  }

  #notePause(gc: GcMode, { pauseMs, windows }: TurnReadings): void {
    this.#pauses.push(pauseMs)
    if (windows.length === 0) return
    const releasing = windows.reduce((sum, { releaseMs }) => sum + releaseMs, 0)
    this.#cost[gc] = (pauseMs - releasing) / (windows.length + 1)
  }

  #noteControl(gc: GcMode, { before, after }: WindowReading): void {
    const change = difference(before, after)
    this.#controls[gc].push(change)
    this.#levels.putBack(change)
    this.#lastRead = { cache: null, figures: after }
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
    const start = this.#environment.now() - window.pauseMs
    const end = isAtomic ? this.#endAtomic(cache, window) : await this.#endStepped(gc, cache, call, window)
    if (!window.settled) this.#warnNotSettled(cache.name)
    const left = entriesAfter.get(cache) ?? null
    if (isAtomic && end.status === 'released' && (left ?? 0) > 0) this.#warnNotEmpty(cache.name, left)
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
      durationMs: this.#environment.now() - start,
      ...(error === undefined ? {} : { error }),
    })
    const change = difference(window.before, window.after)
    this.#context.tell('cache-released', { id: this.id, name: cache.name, status, ...change, pauseMs: window.pauseMs })
    if (error !== undefined) this.#context.tell('cache-failed', { id: this.id, name: cache.name, status, error })
  }

  #endAtomic(
    cache: RegisteredCache,
    { state, before, after }: WindowReading,
  ): ReleaseEnd & { measurement: Measurement } {
    this.#levels.putBack(difference(before, after))
    this.#lastRead = { cache: cache.name, figures: after }
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
    const levelsBefore = this.#levels.startAnew()
    const end =
      state.kind === 'pending' ? await call.end(state.outcome, settings.releaseTimeoutMs, signal) : endOf(state)
    cache.wasAsynchronous ||= state.kind === 'pending'
    const [least, most] = gc === 'natural' ? [LEVELS.natural, LEVELS.natural] : [LEVELS.least, LEVELS.most]
    do {
      await this.#level(gc)
    } while (
      !signal.aborted &&
      !levelsSuffice(levelsBefore, this.#levels.current, { least, most, wantedBytes: LEVELS.wantedBytes })
    )
    const levelsAfter = [...this.#levels.current]
    return { ...end, measurement: { kind: 'stepped', firstTurn: { before, after }, levelsBefore, levelsAfter } }
  }

  #warnNotSettled(name: string): void {
    this.warn({
      code: 'WARN_NOT_SETTLED',
      message: `background work did not come to rest around the release of ${JSON.stringify(name)}: its row may carry some of it`,
      cache: name,
    })
  }

  #warnNotEmpty(name: string, entries: number | null): void {
    this.warn({
      code: 'WARN_NOT_EMPTY',
      message: `${JSON.stringify(name)} still counts ${String(entries)} entries after its release`,
      cache: name,
    })
  }

  #skip(name: SkippedCache['name'], error: RowError): void {
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
