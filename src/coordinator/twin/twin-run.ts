/**
 * A run in twins: the caches are released in copies of the process, and the process keeps every entry.
 *
 * Rule: what a cache does in a twin costs its own row only: one that ends the twin is left out of the next, and the
 * others are measured there (blame.ts decides it).
 */
import { randomUUID } from 'node:crypto'
import { difference } from '../../measure/figures.js'
import { inStretch } from '../../measure/in-stretch.js'
import type { MemorySample } from '../../measure/sample.js'
import { buildReport } from '../../report/build-report.js'
import { selfCheckWarnings, worstSelfCheck } from '../../report/self-check.js'
import type { AttributionReport, CacheStatus, ReportWarning, RowError } from '../../report/types.js'
import { CacheAttributionError, reasonOf } from '../../support/errors.js'
import type { TwinContext } from '../../twin/child.js'
import { discoverBytes } from '../../twin/discover/discover.js'
import { measureEmptyNode } from '../../twin/empty-node.js'
import type { EmptyNode } from '../../twin/empty-node.js'
import { TwinError, makeTwin } from '../../twin/make-twin.js'
import type { TwinOrder, TwinOutcome } from '../../twin/make-twin.js'
import type { TwinCost } from '../../twin/types.js'
import { knownCache } from '../registry.js'
import type { RegisteredCache } from '../registry.js'
import { layOut, selectCaches } from '../run/plan.js'
import { remember } from '../run/remember.js'
import { reportHead } from '../run/report-head.js'
import { ABORTED, UNREGISTERED } from '../run/run-context.js'
import type { Run, RunCache, RunContext } from '../run/run-context.js'
import { RunLedger } from '../run/run-ledger.js'
import { mappedUnknown, residualUnexplained, twinRetried, walkRetried } from '../run/warnings.js'
import { NO_BLAME, blame } from './blame.js'
import { releaseInChild } from './release-in-child.js'
import type { TwinStep } from './release-in-child.js'
import type { TwinMessage } from './twin-message.js'
import { TwinPass } from './twin-pass.js'
import { inOrder, measuredInTwins, twinsOfRun } from './twins-of-run.js'

/** Before the first collection in the twin has been timed. */
const FIRST_COLLECTIONS_MS = 120_000
const CHILDREN_MAX = 1000

/** Makes a twin; see {@link makeTwin}. */
export type MakeTwin = (order: TwinOrder) => Promise<TwinOutcome>

/** Makes one run in twins; an instance is used once. */
export class TwinRun implements Run {
  readonly id = randomUUID()
  readonly #context: RunContext
  readonly #makeTwin: MakeTwin
  readonly #startedMs: number
  readonly #ledger: RunLedger
  readonly #passes: TwinPass[] = []
  readonly #costs: TwinCost[] = []
  /** Of this process, beside those of the twins. */
  readonly #pausesMs: number[] = []
  /** Caches that are released in no twin any more, and why. */
  readonly #excluded = new Map<string, { readonly status: CacheStatus; readonly error: RowError }>()
  /** Caches whose row or skip was announced: another twin of the run sends the same again. */
  readonly #announced = new Set<string>()
  #blame = NO_BLAME
  /** Why the heap is not walked for owners any more; null while it is. */
  #noWalk: string | null = null
  /** Why the caches that no twin came to were not measured; undefined where nothing but an abort keeps a run from it. */
  #ended: RowError | undefined
  /** No further twin is made. */
  #isOver = false
  #emptyNode: EmptyNode | null = null
  #parentBefore: MemorySample | undefined

  constructor(context: RunContext, make: MakeTwin = makeTwin) {
    this.#context = context
    this.#makeTwin = make
    this.#ledger = new RunLedger(this.id, context.emit)
    this.#startedMs = context.instrument.environment.now()
  }

  warn(warning: ReportWarning): void {
    this.#ledger.warn(warning)
  }

  /** Runs to the end; after an abort it still resolves with what was measured. Rejects where no twin gave a result. */
  async execute(): Promise<AttributionReport> {
    const { instrument, options, signal, warnings } = this.#context
    const startedAt = instrument.environment.date().toISOString()
    this.#ledger.begin(options, warnings)
    const order = this.#select()
    if (options.discover > 0 && instrument.environment.checksRuns === true) {
      const { durationMs } = options.budget
      this.#emptyNode = await measureEmptyNode(durationMs === undefined)
    }
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
    remember(report, this.caches())
    return report
  }

  caches(): readonly RegisteredCache[] {
    return this.#ledger.caches()
  }

  #elapsedMs(): number {
    return this.#context.instrument.environment.now() - this.#startedMs
  }

  /** In a twin nothing is lost and nothing has to be filled again: every cache is released but those that must not. */
  #select(): readonly RunCache[] {
    const { caches, options, rotation } = this.#context
    const plannable = caches.map((cache) => ({
      cache,
      name: cache.name,
      gc: 'forced' as const,
      lossless: true,
      refillCost: 'low' as const,
      asynchronous: false,
    }))
    const { order } = selectCaches(plannable, options, rotation)
    for (const { cache, name } of order) {
      if (cache.traits.twin) continue
      const error = { code: 'ERR_TWIN_EXCLUDED', message: 'it was registered with twin: false' } as const
      this.#excluded.set(name, { status: 'skipped', error })
    }
    const skipped = [...this.#excluded].map(([name, { error }]) => ({ name, error }))
    this.#ledger.plan({
      order: order.map(({ name }) => name).filter((name) => !this.#excluded.has(name)),
      skipped,
      controls: options.controls,
      settleMs: 0,
      longestPauseMs: 0,
    })
    for (const { name, error } of skipped) this.#ledger.announceSkip(name, error)
    return order
  }

  /** One twin with a result, however many children that takes. */
  async #makePass(order: readonly RunCache[]): Promise<void> {
    const { instrument, options, signal } = this.#context
    // Memory that the first twin leaves is the floor of the report.
    const residual = this.#passes.length === 0 ? this.#context.residual : null
    let pass = new TwinPass()
    /** Of the twins that ended early the one that measured most. */
    let best = pass
    let steps = this.#steps(order)
    try {
      const { cost } = await this.#makeTwin({
        instrument,
        allowMs: FIRST_COLLECTIONS_MS,
        attempts: CHILDREN_MAX,
        signal,
        keepFd: residual?.descriptor ?? -1,
        extraBytes: options.discover === 0 ? 0 : discoverBytes(),
        predictsCopies: options.discover === 0,
        work: (twin) => {
          this.#release(steps, residual, twin)
        },
        onForked: (before) => (this.#parentBefore ??= before),
        onMessage: (message) => {
          this.#take(pass, message as TwinMessage)
        },
        onFailure: (error) => {
          if (pass.measured >= best.measured) best = pass
          const isRetried = this.#isWithoutWalk(pass, error) || (!pass.isComplete && this.#isRetried(pass, error))
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
      if (pass.measured >= best.measured) best = pass
      this.#endWithout(error, best, residual !== null)
      if (best.measured === 0 && !best.isComplete && !signal.aborted) return
    }
    this.#passes.push(best)
    if (best.residualSize !== null) residual?.noteTwin(best.residualSize)
  }

  /** In the twin. */
  #release(steps: readonly TwinStep[], residual: RunContext['residual'], twin: TwinContext): void {
    const { caches, instrument, options, settings } = this.#context
    const { durationMs } = options.budget
    const discover = this.#passes.length === 0 ? options.discover : 0
    releaseInChild(
      {
        instrument,
        steps,
        releaseTimeoutMs: settings.releaseTimeoutMs,
        durationMs: durationMs === undefined ? undefined : durationMs - this.#elapsedMs(),
        residual,
        discover,
        known: discover === 0 ? [] : caches.map(knownCache),
        emptyNode: this.#emptyNode,
        noWalk: this.#noWalk,
        duringRelease: (release) => this.#context.duringRelease(release),
        runsFinalizers: this.#blame.runsFinalizers,
      },
      twin,
    )
  }

  /** No twin gave a result. What was measured is reported all the same; nothing measured at all is an error of the run. */
  #endWithout(error: unknown, best: TwinPass, wantsResidual: boolean): void {
    const { options, signal } = this.#context
    if (signal.aborted) return
    const reason = reasonOf(error)
    if (!best.isComplete) {
      if (this.#passes.length === 0 && best.measured === 0) throw error
      this.warn(twinRetried(reason, null))
    } else if (wantsResidual && best.residualSize === null) {
      this.warn(residualUnexplained(reason))
    }
    if (best.isComplete && options.discover > 0 && this.#passes.length === 0 && best.discovery === undefined) {
      this.warn({ code: 'WARN_DISCOVERY_FAILED', message: `owners could not be found: ${reason}` })
    }
    this.#isOver = true
    this.#ended = { code: error instanceof CacheAttributionError ? error.code : 'ERR_TWIN_CRASHED', message: reason }
  }

  #steps(order: readonly RunCache[]): readonly TwinStep[] {
    const { isRegistered, options } = this.#context
    const left = order.filter(({ name }) => !this.#excluded.has(name))
    const turns = layOut(left, options.controls, () => Infinity)
    return turns
      .flatMap(({ steps }) => steps)
      .flatMap((step): TwinStep[] => {
        if (step.kind === 'control') return [{ cache: null }]
        const { cache } = step.planned
        if (isRegistered(cache)) return [{ cache }]
        this.#excluded.set(cache.name, { status: 'skipped', error: UNREGISTERED })
        this.#ledger.announceSkip(cache.name, UNREGISTERED)
        return []
      })
  }

  #take(pass: TwinPass, message: TwinMessage): void {
    pass.take(message)
    if (message.kind === 'warning') this.warn(message.warning)
    if (message.kind !== 'row' && message.kind !== 'skip') return
    const name = message.kind === 'row' ? message.row.name : message.name
    if (this.#announced.has(name)) return
    this.#announced.add(name)
    if (message.kind === 'skip') this.#ledger.announceSkip(name, message.error)
    else this.#ledger.announce({ ...message.row, pauseMs: 0 }, difference(message.row.before, message.row.after))
  }

  /** Whether a walk of the heap ended it: then another twin measures all of it again, and does not walk. */
  #isWithoutWalk({ isWalking }: TwinPass, { code, reason }: TwinError): boolean {
    if (!isWalking || this.#noWalk !== null) return false
    this.#noWalk = `a walk ended a twin (${reason})`
    this.warn(walkRetried(`${code}: ${reason}`))
    return true
  }

  /** Whether another twin is made for one that ended without a result; leaves out the cache that is to blame. */
  #isRetried(pass: TwinPass, error: TwinError): boolean {
    const verdict = blame(this.#blame, pass, error, this.#context.settings.releaseTimeoutMs)
    this.#blame = verdict.state
    for (const warning of verdict.warnings) this.warn(warning)
    if (verdict.exclusion !== null) {
      const { name, ...exclusion } = verdict.exclusion
      this.#excluded.set(name, exclusion)
      this.#ledger.announceFailure(name, exclusion.status, exclusion.error)
    }
    return verdict.isRetried
  }

  #report(startedAt: string, order: readonly RunCache[]): AttributionReport {
    const { instrument } = this.#context
    const [first] = this.#passes
    const before = first?.before ?? this.#parentBefore ?? instrument.sampler.sample()
    this.#ledger.controls.forced.push(...this.#passes.flatMap((pass) => pass.controls))
    for (const { cache } of order) this.#enterRow(cache)
    const selfCheck = worstSelfCheck(this.#passes.flatMap((pass) => pass.selfCheck ?? []))
    for (const warning of selfCheckWarnings(selfCheck)) this.warn(warning)
    const finished = {
      id: this.id,
      gc: 'forced' as const,
      startedAt,
      durationMs: this.#elapsedMs(),
      before,
      after: first?.after ?? before,
      pausesMs: [...this.#pausesMs, ...this.#costs.flatMap(({ pausesMs }) => pausesMs)],
      selfCheck,
    }
    return buildReport({
      head: {
        ...reportHead(this.#context, finished),
        twin: twinsOfRun(this.#passes.length, this.#costs, this.#parentBefore ?? before),
        ...(first?.discovery === undefined ? {} : { discovery: first.discovery }),
      },
      controls: this.#ledger.controls.forced,
      caches: this.#ledger.rows(),
      gaps: [],
      earlier: this.#context.earlier,
      warnings: this.#ledger.warnings,
    })
  }

  #enterRow(cache: RegisteredCache): void {
    const { name } = cache
    // The balance is the first twin's: what only a later one measured is no part of it.
    const row = this.#passes[0]?.rows.get(name)
    if (row === undefined) {
      const excluded = this.#excluded.get(name)
      const skipped = this.#passes.find((pass) => pass.skipped.has(name))?.skipped.get(name)
      const error = excluded?.error ?? skipped ?? this.#ended ?? ABORTED
      this.#ledger.enterUnmeasured(cache, excluded?.status ?? 'skipped', error)
      return
    }
    this.#ledger.enter(cache, measuredInTwins(row, this.#passes))
  }
}
