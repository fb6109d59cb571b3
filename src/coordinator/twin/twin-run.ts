/**
 * A run in twins: the caches are released in copies of the process, and the process keeps every entry.
 *
 * Rule: what a cache does in a twin costs its own row only: one that ends the twin is left out of the next, and the
 * others are measured there.
 */
import { randomUUID } from 'node:crypto'
import type { MemorySample } from '../../measure/sample.js'
import { inStretch } from '../../measure/in-stretch.js'
import { buildReport, difference, unmeasured } from '../../report/build-report.js'
import type { MeasuredCache } from '../../report/build-report.js'
import { pausesOf } from '../../report/pauses.js'
import { selfCheckWarnings, worstSelfCheck } from '../../report/self-check.js'
import type { AttributionReport, CacheStatus, ReportTwin, ReportWarning, RowError } from '../../report/types.js'
import { CacheAttributionError, messageOf, reasonOf } from '../../support/errors.js'
import { discoverBytes } from '../../twin/discover/in-twin.js'
import { TwinError, makeTwin } from '../../twin/make-twin.js'
import type { TwinCost } from '../../twin/types.js'
import { layOut, selectCaches } from '../run/plan.js'
import type { PlannableCache } from '../run/plan.js'
import { knownCache } from '../registry.js'
import type { RegisteredCache } from '../registry.js'
import { describeProcess } from '../run/describe-process.js'
import { remember } from '../run/remember.js'
import { ABORTED } from '../run/run-context.js'
import type { Run, RunContext } from '../run/run-context.js'
import { TwinPass, endedBy, tellRow } from './twin-pass.js'
import { releaseInTwin } from './release-in-child.js'
import type { TwinMessage, TwinStep } from './release-in-child.js'
import { mappedUnknown, finalizersWait, residualUnexplained, twinRetried } from '../run/warnings.js'

/** Before the first collection in the twin has been timed. */
const FIRST_COLLECTIONS_MS = 120_000
/** Twins that end with no cache to blame are no use trying again and again. */
const BLAMELESS_FAILURES_MAX = 3
/** A cache in whose window a twin crashed gets another chance: it may have been the twin. */
const CRASHES_MAX = 2
/** Where twin after twin ends and none gets further, it is not the caches. */
const IN_VAIN_MAX = 8
const CHILDREN_MAX = 1000

/** Makes one run in twins; an instance is used once. */
export class TwinRun implements Run {
  readonly id = randomUUID()
  readonly #context: RunContext
  readonly #startedMs: number
  readonly #passes: TwinPass[] = []
  readonly #warnings: ReportWarning[] = []
  readonly #costs: TwinCost[] = []
  /** Of this process, beside those of the twins. */
  readonly #pausesMs: number[] = []
  /** Caches that are released in no twin any more, and why. */
  readonly #excluded = new Map<string, { readonly status: CacheStatus; readonly error: RowError }>()
  readonly #crashes = new Map<string, number>()
  readonly #told = new Set<string>()
  #blameless = 0
  /** Until finalizers that waited already end a twin before its first release. */
  #runsFinalizers = true
  /** Twins in a row that told of no more caches than one before. */
  #inVain = 0
  #mostRows = -1
  /** Why the caches that no twin came to were not measured; undefined where nothing but an abort keeps a run from it. */
  #ended: RowError | undefined
  /** No further twin is made. */
  #isOver = false
  #parentBefore: MemorySample | undefined

  constructor(context: RunContext) {
    this.#context = context
    this.#startedMs = context.instrument.environment.now()
  }

  /** Adds a warning to the report and tells it. */
  warn(warning: ReportWarning): void {
    if (this.#warnings.some(({ code, message }) => code === warning.code && message === warning.message)) return
    this.#warnings.push(warning)
    this.#context.tell('warning', warning)
  }

  /** Runs to the end; after an abort it still resolves with what was measured. Rejects where no twin gave a result. */
  async execute(): Promise<AttributionReport> {
    const { instrument, options, signal, tell, warnings } = this.#context
    const startedAt = instrument.environment.date().toISOString()
    tell('run-started', { id: this.id, trigger: options.trigger, mode: options.mode })
    for (const warning of warnings) this.warn(warning)
    const order = this.#select()
    inStretch(
      () => instrument.environment.now(),
      this.#pausesMs,
      () => {
        instrument.sampler.mapped.prepare(instrument.collector)
      },
    )
    const { reason } = instrument.sampler.mapped
    if (reason !== null) this.warn(mappedUnknown(reason))
    for (let twin = 0; twin < options.twins && !signal.aborted && !this.#isOver; twin++) {
      await this.#makePass(inOrder(order, twin))
    }
    const report = this.#report(startedAt, order)
    remember(report, this.#context.caches)
    return report
  }

  #elapsedMs(): number {
    return this.#context.instrument.environment.now() - this.#startedMs
  }

  /** In a twin nothing is lost and nothing has to be filled again: every cache is released but those that must not. */
  #select(): readonly PlannableCache[] {
    const { caches, options, rotation, tell } = this.#context
    const plannable = caches.map(({ name }) => ({
      name,
      gc: 'forced' as const,
      lossless: true,
      refillCost: 'low' as const,
      asynchronous: false,
    }))
    const { order } = selectCaches(plannable, options, rotation)
    const byName = new Map(caches.map((cache) => [cache.name, cache]))
    for (const { name } of order) {
      if (byName.get(name)?.traits.twin === false) {
        this.#excluded.set(name, {
          status: 'skipped',
          error: { code: 'ERR_TWIN_EXCLUDED', message: 'it was registered with twin: false' },
        })
      }
    }
    const skipped = [...this.#excluded].map(([name, { error }]) => ({ name, error }))
    tell('run-planned', {
      id: this.id,
      order: order.map(({ name }) => name).filter((name) => !this.#excluded.has(name)),
      skipped,
      controls: options.controls,
      settleMs: 0,
      longestPauseMs: 0,
    })
    for (const { name, error } of skipped) tell('cache-skipped', { id: this.id, name, error })
    return order
  }

  /** One twin with a result, however many children that takes. */
  async #makePass(order: readonly PlannableCache[]): Promise<void> {
    const { caches, instrument, options, settings, signal } = this.#context
    const duringRelease = (release: () => unknown): unknown => this.#context.duringRelease(release)
    // What the first twin leaves is the floor of the report.
    const residual = this.#passes.length === 0 ? this.#context.residual : null
    let pass = new TwinPass()
    /** Of the twins that ended early the one that told most. */
    let best = pass
    let steps = this.#steps(order)
    try {
      const { cost } = await makeTwin({
        instrument,
        allowMs: FIRST_COLLECTIONS_MS,
        attempts: CHILDREN_MAX,
        signal,
        keepFd: residual?.descriptor ?? -1,
        extraBytes: options.discover === 0 ? 0 : discoverBytes(),
        isTelling: options.discover === 0,
        work: (twin) => {
          const { releaseTimeoutMs } = settings
          const { durationMs: wholeMs } = options.budget
          const durationMs = wholeMs === undefined ? undefined : wholeMs - this.#elapsedMs()
          const discover = this.#passes.length === 0 ? options.discover : 0
          const known = discover === 0 ? [] : caches.map(knownCache)
          const dumpResidual = residual === null ? null : () => residual.dumpInTwin()
          const runsFinalizers = this.#runsFinalizers
          const order = { releaseTimeoutMs, durationMs, dumpResidual, discover, known, duringRelease, runsFinalizers }
          releaseInTwin({ instrument, steps, ...order }, twin)
        },
        onForked: (before) => (this.#parentBefore ??= before),
        onMessage: (message) => {
          this.#take(pass, message as TwinMessage)
        },
        onFailure: (error) => {
          if (pass.rows.size >= best.rows.size) best = pass
          const isRetried = !pass.isComplete && this.#blame(pass, error)
          if (isRetried) {
            pass = new TwinPass()
            steps = this.#steps(order)
          }
          return isRetried
        },
      })
      this.#costs.push(cost)
      best = pass
    } catch (error) {
      if (error instanceof TwinError && error.cost !== null) this.#costs.push(error.cost)
      if (pass.rows.size >= best.rows.size) best = pass
      this.#endWithout(error, best, residual !== null)
      if (best.rows.size === 0 && !best.isComplete && !signal.aborted) return
    }
    this.#passes.push(best)
    if (best.hasResidual) residual?.noteTwin()
  }

  /** No twin gave a result. What was measured is reported all the same; nothing measured at all is an error of the run. */
  #endWithout(error: unknown, best: TwinPass, wantsResidual: boolean): void {
    const { options, signal } = this.#context
    if (signal.aborted) return
    const reason = reasonOf(error)
    if (!best.isComplete) {
      if (this.#passes.length === 0 && best.rows.size === 0) throw error
      this.warn(twinRetried(reason, null))
    } else if (wantsResidual && !best.hasResidual) {
      this.warn(residualUnexplained(reason))
    }
    if (best.isComplete && options.discover > 0 && this.#passes.length === 0 && best.discovery === undefined) {
      this.warn({ code: 'WARN_DISCOVERY_FAILED', message: `hoards could not be sought: ${reason}` })
    }
    this.#isOver = true
    this.#ended = { code: error instanceof CacheAttributionError ? error.code : 'ERR_TWIN_CRASHED', message: reason }
  }

  #steps(order: readonly PlannableCache[]): readonly TwinStep[] {
    const { caches, isRegistered, options } = this.#context
    const byName = new Map(caches.map((cache) => [cache.name, cache]))
    const left = order.filter(({ name }) => !this.#excluded.has(name))
    const turns = layOut(left, options.controls, () => Infinity)
    return turns
      .flatMap(({ steps }) => steps)
      .flatMap((step): TwinStep[] => {
        if (step.kind === 'control') return [{ cache: null }]
        const cache: RegisteredCache | undefined = byName.get(step.name)
        if (cache !== undefined && isRegistered(cache)) return [{ cache }]
        this.#exclude(step.name, 'skipped', {
          code: 'ERR_RELEASE_UNREGISTERED',
          message: 'it was unregistered during the run',
        })
        return []
      })
  }

  #take(pass: TwinPass, message: TwinMessage): void {
    pass.take(message)
    if (message.kind === 'warning') this.warn(message.warning)
    if (message.kind !== 'row' && message.kind !== 'skip') return
    // Another twin of the run tells of the same caches again.
    const name = message.kind === 'row' ? message.row.name : message.name
    if (this.#told.has(name)) return
    this.#told.add(name)
    const { tell } = this.#context
    if (message.kind === 'row') tellRow(this.id, message.row, tell)
    else tell('cache-skipped', { id: this.id, name, error: message.error })
  }

  /** Whose fault it was that a twin ended; whether another is worth it. */
  #blame(pass: TwinPass, error: CacheAttributionError): boolean {
    // Whatever ended it, a kill for its memory too: who is at work when twin after twin ends is to blame.
    const name = pass.current
    this.warn(twinRetried(messageOf(error), name))
    this.#inVain = pass.rows.size > this.#mostRows ? 0 : this.#inVain + 1
    this.#mostRows = Math.max(this.#mostRows, pass.rows.size)
    if (this.#inVain >= IN_VAIN_MAX) return false
    if (name === null && pass.activity === 'finalize' && this.#runsFinalizers) {
      this.#runsFinalizers = false
      this.warn(finalizersWait(`those that waited already ended it (${reasonOf(error)})`))
      return true
    }
    if (name === null) return ++this.#blameless < BLAMELESS_FAILURES_MAX
    const crashes = (this.#crashes.get(name) ?? 0) + 1
    this.#crashes.set(name, crashes)
    if (error.code === 'ERR_TWIN_OVERTIME' && pass.activity !== 'settle') {
      const limit = String(this.#context.settings.releaseTimeoutMs)
      const what = pass.activity === 'release' ? 'it' : 'the finalizers of what it released'
      this.#exclude(name, 'timed-out', {
        code: 'ERR_RELEASE_TIMEOUT',
        message: `${what} did not finish within ${limit} ms of processor time`,
      })
    } else if (crashes >= CRASHES_MAX) {
      this.#exclude(name, 'failed', endedBy(error))
    }
    return true
  }

  #exclude(name: string, status: CacheStatus, error: RowError): void {
    this.#excluded.set(name, { status, error })
    const { tell } = this.#context
    if (status === 'skipped') tell('cache-skipped', { id: this.id, name, error })
    else tell('cache-failed', { id: this.id, name, status, error })
  }

  #report(startedAt: string, order: readonly PlannableCache[]): AttributionReport {
    const { allocator, instrument, options } = this.#context
    const [first] = this.#passes
    const before = first?.before ?? this.#parentBefore ?? instrument.sampler.sample()
    const pauses = [...this.#pausesMs, ...this.#costs.flatMap(({ pausesMs }) => pausesMs)]
    const controls = this.#passes.flatMap((pass) => pass.controls)
    const caches = order.map(({ name }) => this.#row(name, controls))
    const selfCheck = worstSelfCheck(this.#passes.flatMap((pass) => pass.selfCheck ?? []))
    for (const warning of selfCheckWarnings(selfCheck)) this.warn(warning)
    return buildReport({
      head: {
        id: this.id,
        trigger: options.trigger,
        mode: options.mode,
        gc: 'forced',
        startedAt,
        durationMs: this.#elapsedMs(),
        process: describeProcess(allocator),
        before,
        after: first?.after ?? before,
        pauses: pausesOf(pauses),
        twin: this.#twin(before),
        selfCheck,
        ...(first?.discovery === undefined ? {} : { discovery: first.discovery }),
      },
      controls,
      caches,
      gaps: [],
      earlier: this.#context.earlier,
      warnings: this.#warnings,
    })
  }

  #row(name: string, controls: MeasuredCache['controls']): MeasuredCache {
    // The balance is the first twin's: what only a later one measured is no part of it.
    const row = this.#passes[0]?.rows.get(name)
    const rows = row === undefined ? [] : this.#passes.flatMap((pass) => pass.rows.get(name) ?? [])
    const excluded = this.#excluded.get(name)
    if (row === undefined) {
      const skipped = this.#passes.find((pass) => pass.skipped.has(name))?.skipped.get(name)
      const error = excluded?.error ?? skipped ?? this.#ended ?? ABORTED
      return { ...unmeasured(name, excluded?.status ?? 'skipped', error), controls }
    }
    const { before, after, residentFall: _, ...told } = row
    return {
      ...told,
      resident: {
        falls: rows.map(({ residentFall }) => residentFall),
        controls: this.#passes.flatMap(({ residentControls }) => residentControls),
      },
      measurement:
        rows.length === 1
          ? { kind: 'atomic', before, after }
          : { kind: 'repeated', changes: rows.map((each) => difference(each.before, each.after)) },
      controls,
      settled: true,
      pauseMs: 0,
    }
  }

  #twin(before: MemorySample): ReportTwin {
    const costs = this.#costs
    const copied = costs.flatMap(({ copiedBytes }) => copiedBytes ?? [])
    return {
      twins: this.#passes.length,
      pauseMs: Math.max(0, ...costs.map(({ pauseMs }) => pauseMs)),
      forkMs: Math.max(0, ...costs.map(({ forkMs }) => forkMs)),
      majorGcs: costs.reduce((sum, { majorGcs }) => sum + majorGcs, 0),
      childMs: costs.reduce((sum, { childMs }) => sum + childMs, 0),
      copiedBytes: copied.length === 0 ? null : Math.max(...copied),
      attempts: costs.reduce((sum, { attempts }) => sum + attempts, 0),
      before: this.#parentBefore ?? before,
    }
  }
}

/** Forwards, backwards, then turned further and further: two orders give every pair of caches both of its orders. */
function inOrder<T>(order: readonly T[], twin: number): readonly T[] {
  if (twin % 2 === 1) return inOrder(order, twin - 1).toReversed()
  const start = order.length === 0 ? 0 : Math.floor((twin / 2) * (order.length / 4 + 1)) % order.length
  return [...order.slice(start), ...order.slice(0, start)]
}
