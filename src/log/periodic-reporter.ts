/**
 * Reports on a schedule, to a logger and a history.
 *
 * Rule: it is a guest. One tick at a time, never beside another run, not while the process has no time for it; whatever a logger,
 * a history or a run does, the service is not disturbed, and the next tick comes.
 */
import type { Coordinator } from '../coordinator/coordinator.js'
import type { AttributionReport } from '../report/types.js'
import { CacheAttributionError, messageOf, reasonOf } from '../support/errors.js'
import { waitForLease, workInTurn } from '../support/lease.js'
import type { DoneInTurn, Lease, LeaseGrant } from '../support/lease.js'
import { formatMs } from '../support/units.js'
import type { LogEnvironment } from './environment.js'
import { RisingReadings, growthOf } from './growth.js'
import type { Growth } from './growth.js'
import { observationLine, reportLine, sentenceOf, sizesOf } from './lines.js'
import type { FailedLine, MemoryLine, Sized, SkippedLine, Tick } from './lines.js'
import { resolveReporterOptions } from './options.js'
import type { PeriodicReporterOptions, ResolvedReporterOptions, ResolvedSchedule } from './options.js'
import { cron, everyMs } from './schedule.js'
import { Sink } from './sinks.js'
import { lineText } from './text.js'
import { Ticker } from './ticker.js'
import type { Due } from './ticker.js'

/** The part of a coordinator that a reporter needs. */
export type ReportingCoordinator = Pick<Coordinator, 'attribute' | 'observe' | 'isRunning'>

/** After this many skipped ticks in a row a skip is a warning. */
const SKIPS_WORTH_A_WARNING = 3

/**
 * Logs the sizes of the caches on a schedule. It starts when it is constructed, does not keep the process alive, and ends with
 * {@link PeriodicReporter.close}.
 *
 * @example
 * await using reporter = new PeriodicReporter(coordinator, {
 *   logger: pino(),
 *   schedules: [{ every: 60_000 }, { every: 3_600_000, mode: 'twin' }],
 * })
 */
export class PeriodicReporter implements AsyncDisposable {
  readonly #coordinator: ReportingCoordinator
  readonly #options: ResolvedReporterOptions
  readonly #tickers: readonly Ticker[]
  readonly #logger = new Sink('logger', 'WARN_LOG_SINK')
  readonly #history = new Sink('history', 'WARN_LOG_SINK')
  readonly #rising = new RisingReadings()
  /** Ticks of different schedules wait for one another. */
  #last: Promise<void> = Promise.resolve()
  #isBusy = false
  #isClosed = false
  readonly #closing = new AbortController()
  /** Ticks that wait for a lease, or have one. */
  readonly #inTurns = new Set<Promise<void>>()
  #cpu: { readonly atMs: number; readonly usedMs: number }

  /**
   * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`; `ERR_CRONER_MISSING`
   */
  constructor(coordinator: ReportingCoordinator, options?: PeriodicReporterOptions) {
    this.#coordinator = coordinator
    this.#options = resolveReporterOptions(options)
    const { environment, jitter, schedules } = this.#options
    this.#cpu = { atMs: environment.now(), usedMs: environment.cpuMs() }
    const timed = schedules.map((schedule) => ({ schedule, timing: timingOf(schedule, jitter, environment) }))
    this.#tickers = timed.map(({ schedule, timing }) => {
      const skips = { inARow: 0 }
      return new Ticker(timing, environment, (due) => this.#tick(schedule, due, skips))
    })
  }

  /** Whether a tick's work is under way. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /**
   * Stops the schedules, waits for a run that is under way, logs it, and flushes the logger and the history. A second call waits
   * for the same. Neither the coordinator nor the history is closed.
   */
  async close(): Promise<void> {
    const isFirst = !this.#isClosed
    this.#isClosed = true
    for (const ticker of this.#tickers) ticker.stop()
    this.#closing.abort()
    await this.#last
    await Promise.all(this.#inTurns)
    if (!isFirst) return
    const { logger, history } = this.#options
    await this.#history.call(() => history?.flush?.())
    await this.#logger.call(() => flushed(logger.flush?.bind(logger)))
  }

  /** {@link PeriodicReporter.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Never rejects. */
  async #tick(schedule: ResolvedSchedule, due: Due, skips: { inARow: number }): Promise<void> {
    const { mode } = schedule
    const tick = { mode, schedule: schedule.cron ?? `every ${String(schedule.every)} ms`, ticksMissed: due.ticksMissed }
    // An observation comes again soon; a run that is due at the same moment must not be lost for an hour.
    while (this.#isBusy && mode !== 'observe') await this.#last
    if (this.#isClosed) return
    const reason = this.#reasonToSkip(schedule, due)
    const { lease } = this.#options
    if (reason !== null) await this.#skip(tick, reason, skips)
    else if (lease === undefined || mode === 'observe') await this.#work(schedule, tick, skips, null)
    else {
      const turn = this.#inTurn(lease, schedule, tick, skips)
      this.#inTurns.add(turn)
      await turn.finally(() => this.#inTurns.delete(turn))
    }
  }

  /** Observations go on while it waits. */
  async #inTurn(lease: Lease, schedule: ResolvedSchedule, tick: Tick, skips: { inARow: number }): Promise<void> {
    const { environment, leaseWaitMs } = this.#options
    const { signal } = this.#closing
    const pause = (ms: number): Promise<void> => pauseFor(ms, environment, signal)
    let grant: LeaseGrant
    try {
      grant = await waitForLease(lease, { waitMs: leaseWaitMs, signal, now: () => environment.now(), pause })
    } catch (error) {
      if (!this.#isClosed) await this.#skip(tick, `there is no lease: ${reasonOf(error)}`, skips)
      return
    }
    try {
      while (this.#isBusy) await this.#last
      if (this.#isClosed) return
      if (this.#coordinator.isRunning) await this.#skip(tick, 'a run is under way', skips)
      else await this.#work(schedule, tick, skips, grant)
    } finally {
      await grant.release()
    }
  }

  async #work(
    schedule: ResolvedSchedule,
    tick: Tick,
    skips: { inARow: number },
    grant: LeaseGrant | null,
  ): Promise<void> {
    this.#isBusy = true
    this.#last = this.#make(schedule, tick, skips, grant).finally(() => {
      this.#isBusy = false
    })
    await this.#last
  }

  /** Null where nothing speaks against it. An observation costs next to nothing, and is wanted most when the process is busy. */
  #reasonToSkip({ mode }: ResolvedSchedule, { lateMs }: Due): string | null {
    const { lateMs: lateMax, cpu: cpuMax } = this.#options
    const cpu = this.#cpuSinceLast()
    if (this.#isBusy) return 'another report of this reporter is under way'
    if (this.#coordinator.isRunning) return 'a run is under way'
    if (mode === 'observe') return null
    if (lateMs > lateMax) return `the event loop is late by ${formatMs(lateMs)}`
    if (cpu > cpuMax) return `the process used ${cpu.toFixed(2)} processors since the last tick`
    return null
  }

  #cpuSinceLast(): number {
    const { environment } = this.#options
    const now = { atMs: environment.now(), usedMs: environment.cpuMs() }
    const elapsedMs = now.atMs - this.#cpu.atMs
    const used = elapsedMs > 0 ? (now.usedMs - this.#cpu.usedMs) / elapsedMs : 0
    this.#cpu = now
    return used
  }

  async #make(
    schedule: ResolvedSchedule,
    tick: Tick,
    skips: { inARow: number },
    grant: LeaseGrant | null,
  ): Promise<void> {
    try {
      if (schedule.mode === 'observe') await this.#observe(tick)
      else await this.#attribute(schedule, schedule.mode, tick, grant)
      skips.inARow = 0
    } catch (error) {
      await this.#failed(tick, error, skips)
    }
  }

  async #observe(tick: Tick): Promise<void> {
    const { history, caches } = this.#options
    const seen = this.#coordinator.observe()
    await this.#history.call(() => history?.appendObservation(seen))
    const sizes = seen.caches.map(({ name, estimatedBytes, claimedBytes }) => ({
      name: `cache ${name}`,
      bytes: estimatedBytes ?? claimedBytes,
    }))
    await this.#logMemory(observationLine(tick, seen, await this.#growth('observe', sizes), caches), null)
  }

  async #attribute(
    schedule: ResolvedSchedule,
    mode: 'twin' | 'trim' | 'release',
    tick: Tick,
    grant: LeaseGrant | null,
  ): Promise<void> {
    const { history, caches } = this.#options
    const run = (signal?: AbortSignal): Promise<AttributionReport> =>
      this.#coordinator.attribute({
        ...schedule.attribute,
        mode,
        trigger: 'schedule',
        ...(signal === undefined ? {} : { signal }),
      })
    const report = grant === null ? await run() : reportOfTurn(grant, await workInTurn(grant, run))
    // A history that is attached to the coordinator has it already, and has added its trends.
    const isKept = 'trend' in report.floor
    if (!isKept) await this.#history.call(() => history?.append(report))
    const line = reportLine(tick, report, await this.#growth(mode, sizesOf(report)), caches)
    await this.#logMemory({ ...line, leaseToken: grant?.token ?? null }, report)
  }

  /** By the history where there is one. What it throws is no reason to log nothing. */
  async #growth(kind: string, sizes: readonly Sized[]): Promise<Growth[]> {
    const { trends, environment } = this.#options
    const rising = this.#rising.note(
      environment.now(),
      sizes.map(({ name, bytes }) => ({ name: `${kind} ${name}`, bytes })),
    )
    try {
      if (trends !== undefined) return await growthOf(trends)
    } catch (error) {
      void this.#history.call(() => {
        throw error
      })
    }
    return rising.map((growth) => ({
      ...growth,
      name: growth.name.slice(kind.length + 1).replace(/^(?:cache|owner) /, ''),
    }))
  }

  async #logMemory(line: MemoryLine, report: AttributionReport | null): Promise<void> {
    const isWarning = line.growth.length > 0 || line.caches.some(({ status }) => FAILED.has(status ?? ''))
    await this.#log(isWarning ? 'warn' : 'info', line, sentenceOf(line), () => lineText(line, report))
  }

  async #skip(tick: Tick, reason: string, skips: { inARow: number }): Promise<void> {
    const skippedInARow = ++skips.inARow
    const line: SkippedLine = { schemaVersion: 1, event: 'memory-report-skipped', ...tick, reason, skippedInARow }
    const level = skippedInARow >= SKIPS_WORTH_A_WARNING ? 'warn' : 'info'
    await this.#log(level, line, `memory, ${tick.mode}: skipped, ${reason}`)
  }

  async #failed(tick: Tick, error: unknown, skips: { inARow: number }): Promise<void> {
    const code = error instanceof CacheAttributionError ? error.code : 'ERR_UNKNOWN'
    if (code === 'ERR_RUN_IN_PROGRESS') {
      await this.#skip(tick, 'a run is under way', skips)
      return
    }
    const line: FailedLine = {
      schemaVersion: 1,
      event: 'memory-report-failed',
      ...tick,
      code,
      message: messageOf(error),
    }
    await this.#log('warn', line, `memory, ${tick.mode}: failed, ${line.message}`)
    // Its coordinator is gone for good.
    if (code === 'ERR_CLOSED') for (const ticker of this.#tickers) ticker.stop()
  }

  async #log(
    level: 'info' | 'warn',
    fields: MemoryLine | SkippedLine | FailedLine,
    sentence: string,
    text: () => string = () => sentence,
  ): Promise<void> {
    const { logger, form, environment } = this.#options
    await this.#logger.call(() => {
      if (form === 'fields') return logger[level](fields, sentence)
      if (form === 'text') return logger[level](text())
      return logger[level](
        JSON.stringify({ time: environment.date().toISOString(), level, ...fields, message: sentence }),
      )
    })
  }
}

/** A report whose turn was over before its end says so. */
function reportOfTurn({ token }: LeaseGrant, { result, wasHeld }: DoneInTurn<AttributionReport>): AttributionReport {
  if (wasHeld) return result
  const message = `the lease with token ${String(token)} was lost before the run ended: another process may have measured beside it`
  return { ...result, warnings: [...result.warnings, { code: 'WARN_LEASE_LOST', message }] }
}

function pauseFor(ms: number, environment: LogEnvironment, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = environment.after(ms, end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

const FAILED: ReadonlySet<string> = new Set(['failed', 'timed-out'])

function timingOf(
  { every, cron: pattern, timeZone }: ResolvedSchedule,
  jitter: number,
  environment: ResolvedReporterOptions['environment'],
): ReturnType<typeof everyMs> {
  return every === undefined ? cron(pattern ?? '', timeZone, environment) : everyMs(every, jitter, environment)
}

/** pino's flush() takes a callback, others return a promise or nothing. */
function flushed(flush: ((callback?: () => void) => unknown) | undefined): unknown {
  return flush === undefined || flush.length === 0 ? flush?.() : new Promise<void>((resolve) => flush(resolve))
}
