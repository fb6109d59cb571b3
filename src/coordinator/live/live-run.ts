/**
 * One run: settle, plan, then turn by turn release and read, then report.
 *
 * Rule: whatever a cache does costs its own row only; between turns the event loop gets about as long as the turn
 * took; an aborted run still reports what it measured.
 */
import { randomUUID } from 'node:crypto'
import type { MemorySample } from '../../measure/sample.js'
import { inStretch } from '../../measure/in-stretch.js'
import { warmUp } from '../../measure/warm-up.js'
import { buildReport } from '../../report/build-report.js'
import { selfCheckWarnings } from '../../report/self-check.js'
import type { AttributionReport, ReportSelfCheck, ReportWarning, RowError } from '../../report/types.js'
import { loadLateCode } from '../../support/late-code.js'
import { messageOf } from '../../support/errors.js'
import { LiveLedger } from './live-ledger.js'
import { layOut, predictPauseMs, selectCaches, stepsWithin } from '../run/plan.js'
import type { PlannedTurn, Selection } from '../run/plan.js'
import { LEVELS, YIELD_MS, RunReadings, yieldMs } from './run-readings.js'
import type { RegisteredCache } from '../registry.js'
import { reportHead } from '../run/report-head.js'
import { remember } from '../run/remember.js'
import { ABORTED } from '../run/run-context.js'
import type { Run, RunCache, RunContext } from '../run/run-context.js'
import { checkLive } from './check-live.js'
import { planTrim, withoutUntrimmable } from './trim-parts.js'
import { threadCacheError } from '../run/thread-cache-error.js'
import { sampleBytes } from '../run/allocator-warnings.js'
import { RunTurns } from './run-turns.js'
import type { ResidualProbe } from '../../profiling/residual/residual-probe.js'
import { mappedUnknown, noNaturalGc, residualUnexplained } from '../run/warnings.js'
import { EntryWatch } from '../run/entry-watch.js'

/** Makes one run in this process; an instance is used once. */
export class LiveRun implements Run {
  readonly id = randomUUID()
  readonly #context: RunContext
  readonly #ledger: LiveLedger
  readonly #readings: RunReadings
  readonly #watch: EntryWatch
  readonly #turns: RunTurns
  readonly #startedMs: number
  #cachedMostBytes = 0
  #selfCheck: ReportSelfCheck | null = null

  constructor(context: RunContext) {
    const { caches, instrument, settings, signal } = context
    this.#context = context
    this.#ledger = new LiveLedger(this.id, context.emit)
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
    this.#turns = new RunTurns(context, {
      readings: this.#readings,
      ledger: this.#ledger,
      watch: this.#watch,
      elapsedMs: () => this.#elapsedMs(),
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
    this.#ledger.begin(options, this.#context.warnings)
    this.#watch.start()
    const selection = this.#select()
    const before = await this.#warmUp(selection)
    this.#dump((residual) => {
      residual.dumpBefore()
    })
    this.#noteThreadCaches()
    await this.#runTurns(this.#plan(selection))
    const after = await this.#readings.level(settings.gc)
    this.#noteThreadCaches()
    this.#noteMapped()
    // Right after the last reading: garbage has just been collected.
    this.#dump((residual) => {
      residual.dump()
    })
    const { gaps, pausesMs } = this.#readings
    const report = buildReport({
      head: reportHead(this.#context, {
        id: this.id,
        gc: settings.gc,
        startedAt,
        durationMs: this.#elapsedMs(),
        before,
        after,
        pausesMs,
        selfCheck: this.#selfCheck,
      }),
      controls: this.#ledger.controls[settings.gc],
      caches: this.#ledger.rows(),
      gaps,
      earlier: this.#context.earlier,
      miscounts: { cachedMostBytes: this.#cachedMostBytes, sampleBytes: sampleBytes(allocator) },
      warnings: this.#ledger.warnings,
    })
    remember(report, this.caches())
    return report
  }

  caches(): readonly RegisteredCache[] {
    return this.#ledger.caches()
  }

  /** Adds a warning to the report and tells it. */
  warn(warning: ReportWarning): void {
    this.#ledger.warn(warning)
  }

  /** Memory that threads keep grows with what there is to free: both ends of the run are asked. */
  #noteThreadCaches(): void {
    const { mostBytes } = threadCacheError(this.#context.allocator) ?? { mostBytes: 0 }
    this.#cachedMostBytes = Math.max(this.#cachedMostBytes, mostBytes)
  }

  #noteMapped(): void {
    const { reason } = this.#context.instrument.sampler.mapped
    if (reason !== null) this.warn(mappedUnknown(reason))
  }

  #dump(write: (residual: ResidualProbe) => void): void {
    const { residual, signal } = this.#context
    if (signal.aborted || residual === null) return
    try {
      write(residual)
    } catch (error) {
      this.warn(residualUnexplained(messageOf(error)))
    }
  }

  #elapsedMs(): number {
    return this.#context.instrument.environment.now() - this.#startedMs
  }

  #select(): Selection<RunCache> {
    const { caches, options, rotation, settings } = this.#context
    const plannable = caches.map((cache): RunCache => {
      const { name, traits, wasAsynchronous } = cache
      const gc = traits.gc ?? settings.gc
      const isStepped = wasAsynchronous || gc === 'natural'
      return {
        cache,
        name,
        gc,
        lossless: traits.lossless,
        refillCost: traits.refillCost,
        live: traits.live,
        asynchronous: wasAsynchronous,
        trim: planTrim(options, cache.releasable, { isStepped, entries: this.#watch.entriesAtStart(cache) }),
      }
    })
    return withoutUntrimmable(selectCaches(plannable, options, rotation))
  }

  /** Settles, learns what settling costs of each kind in use, checks itself, and gives the sample from which the run starts. */
  async #warmUp({ order }: Selection<RunCache>): Promise<MemorySample> {
    const { instrument, signal } = this.#context
    const { collector, environment, sampler } = instrument
    await loadLateCode()
    inStretch(
      () => environment.now(),
      this.#readings.pausesMs,
      () => {
        sampler.mapped.prepare(collector)
      },
    )
    await warmUp(instrument, environment.warmUpMs ?? 0, signal)
    const { gc } = this.#context.settings
    const modes = new Set([gc, ...order.map((cache) => cache.gc)])
    // A first forced collection finds all the garbage and says little about the next: twice.
    if (modes.has('forced')) await this.#readings.level('forced')
    for (const mode of modes) if (mode !== gc) await this.#readings.level(mode)
    await this.#checkSelf()
    return this.#readings.level(gc)
  }

  /** Only forced collections find all of a set that was dropped. */
  async #checkSelf(): Promise<void> {
    const { instrument, options, settings } = this.#context
    if (settings.gc !== 'forced' || instrument.environment.checksRuns !== true) return
    this.#selfCheck = await checkLive(this.#readings, options.budget)
    for (const warning of selfCheckWarnings(this.#selfCheck)) this.warn(warning)
  }

  #plan({ order, skipped }: Selection<RunCache>): PlannedTurn<RunCache>[] {
    const { options, settings } = this.#context
    const { cost } = this.#readings
    const turns = layOut(order, options.controls, (gc) => Math.max(1, stepsWithin(cost, gc, options.budget.pauseMs)))
    this.#ledger.plan({
      order: order.map(({ name }) => name),
      skipped: skipped.map(({ planned, error }) => ({ name: planned.name, error })),
      controls: turns.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'control').length,
      settleMs: cost[settings.gc],
      longestPauseMs: greatest(turns.map(({ gc, steps }) => predictPauseMs(cost, gc, steps.length))),
    })
    for (const { planned, error } of skipped) this.#ledger.skip(planned.cache, error)
    return turns
  }

  async #runTurns(turns: readonly PlannedTurn<RunCache>[]): Promise<void> {
    const queue = [...turns]
    let isFresh = true
    for (let turn = queue.shift(); turn !== undefined; turn = queue.shift()) {
      const refusal = this.#refusal(turn)
      if (refusal?.code === 'ERR_BUDGET_PAUSE' && !isFresh && this.#fitsALevel(turn)) {
        // One slow collection must not put out all that follow: settle once more, by itself.
        await this.#readings.level(turn.gc)
        isFresh = true
        queue.unshift(turn)
        continue
      }
      if (refusal !== undefined) {
        for (const step of turn.steps) if (step.kind === 'cache') this.#ledger.skip(step.planned.cache, refusal)
        continue
      }
      // Collections may cost more by now than when the turns were laid out.
      const fit = stepsWithin(this.#readings.cost, turn.gc, this.#context.options.budget.pauseMs)
      if (turn.steps.length > fit) queue.unshift({ gc: turn.gc, steps: turn.steps.slice(fit) })
      const rest = await this.#turns.make(turn.gc, turn.steps.slice(0, fit))
      if (rest.length > 0) queue.unshift({ gc: turn.gc, steps: rest })
      isFresh = false
    }
  }

  #fitsALevel({ gc }: PlannedTurn): boolean {
    return predictPauseMs(this.#readings.cost, gc, 0) <= (this.#context.options.budget.pauseMs ?? Infinity)
  }

  /** Why this turn cannot be made any more; undefined where it can. */
  #refusal({ gc, steps }: PlannedTurn): RowError | undefined {
    const { pauseMs, durationMs } = this.#context.options.budget
    const { cost } = this.#readings
    if (this.#context.signal.aborted) return ABORTED
    if (stepsWithin(cost, gc, pauseMs) === 0) {
      const needed = predictPauseMs(cost, gc, 1).toFixed(0)
      return {
        code: 'ERR_BUDGET_PAUSE',
        message: `its window needs about ${needed} ms, budget.pauseMs is ${String(pauseMs)}`,
      }
    }
    if (durationMs === undefined) return undefined
    const needed = this.#predictDurationMs({ gc, steps })
    // The closing sample has to fit as well.
    const { settings } = this.#context
    const closing =
      yieldMs(predictPauseMs(cost, gc, steps.length)) + cost[settings.gc] + this.#readings.waitMs[settings.gc]
    if (this.#elapsedMs() + needed + closing <= durationMs) return undefined
    return {
      code: 'ERR_BUDGET_DURATION',
      message: `it would take about ${needed.toFixed(0)} ms, ${Math.max(0, durationMs - this.#elapsedMs()).toFixed(0)} ms of budget.durationMs are left`,
    }
  }

  #predictDurationMs({ gc, steps }: PlannedTurn): number {
    const { cost, waitMs } = this.#readings
    const asynchronous = steps.some((step) => step.kind === 'cache' && step.planned.asynchronous)
    const levels = gc === 'natural' ? 2 * LEVELS.natural : asynchronous ? 2 * LEVELS.least : 0
    const pauseMs = predictPauseMs(cost, gc, steps.length)
    return (
      yieldMs(this.#readings.pausesMs.at(-1) ?? 0) +
      waitMs[gc] +
      pauseMs +
      levels * (waitMs[gc] + YIELD_MS.least + cost[gc])
    )
  }
}

/** The greatest of many: more than can be arguments of one call. */
function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}
