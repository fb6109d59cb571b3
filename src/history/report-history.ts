/**
 * The history of a service's reports and observations: NDJSON files in a folder, and the trends that they show.
 *
 * Rule: whatever happens to the disk, the service goes on: only opening with wrong options, or appending what is no record, throws.
 */
import { randomBytes } from 'node:crypto'
import { trendsSteps } from '../report/trends/trends.js'
import type { Trends } from '../report/trends/types.js'
import type { AttributionReport } from '../report/types.js'
import { memoryLimit } from '../support/control-groups.js'
import { CacheAttributionError, describe, messageOf } from '../support/errors.js'
import { inSlices } from '../support/slices.js'
import { CLOCK_SLACK_MS, newestKnown } from './age.js'
import { listFiles } from './files.js'
import { maintain } from './maintain.js'
import { resolveHistoryOptions } from './options.js'
import type { HistoryOptions, ResolvedHistoryOptions } from './options.js'
import { ownersOfFloor } from '../report/discovery/explained.js'
import { withGrowth } from '../report/discovery/owner-growth.js'
import { readHistory } from './read-history.js'
import { observationOf, reportOf, writtenRecord } from './records.js'
import { SeriesStore } from './series-store.js'
import type { AttachableCoordinator, HistoryObservation, HistoryRecord, Json } from './types.js'
import { LineWriter } from './line-writer.js'

const HOUR_MS = 3_600_000
/** Readings that are taken up of a history at its opening: more would not make trends surer. */
const OBSERVATIONS_READ_MAX = 50_000
/** An observation of a few caches takes about so much; for telling how many a history has. */
const LINE_BYTES = 1000

/**
 * Keeps reports and observations in a folder over restarts, and computes from them which caches grow. Any number of processes may use
 * one folder: each writes its own files, and readers merge them.
 *
 * @example
 * const history = await ReportHistory.open('/var/lib/service/memory')
 * history.attach(coordinator) // reports are kept, and carry `trend`
 * console.log(formatReport(await coordinator.attribute()))
 * await history.close()
 */
export class ReportHistory implements AsyncDisposable {
  /** Where the files are. */
  readonly folder: string
  readonly #options: ResolvedHistoryOptions
  readonly #lifetime = randomBytes(4).toString('hex')
  readonly #startMs: number
  /** The newest record of others at the opening, or the wall clock where there was none. */
  #openedMs: number
  readonly #writer: LineWriter
  readonly #series = new SeriesStore()
  readonly #undo: (() => void)[] = []
  #calibration: Json | null = null
  /** Of all records so far: they change with the next one only. */
  #trends: Promise<Trends> | undefined
  #maintenance: Promise<void> | undefined
  #maintainedMs = -Infinity
  #isClosed = false

  private constructor(folder: string, options: ResolvedHistoryOptions) {
    this.folder = folder
    this.#options = options
    this.#startMs = options.clock.now()
    this.#openedMs = options.clock.date().getTime()
    const { clock, rotateBytes, rotateMs, backlogBytes, onWarning } = options
    this.#writer = new LineWriter({
      folder,
      lifetime: this.#lifetime,
      clock,
      rotateBytes,
      rotateMs,
      backlogBytes,
      warn: onWarning,
    })
  }

  /**
   * Opens the history in `folder`, which is made with the first record, and reads its earlier records. A folder that cannot be read
   * counts as empty, with a warning.
   *
   * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
   * @example
   * await using history = await ReportHistory.open('/var/lib/service/memory', { maxAgeMs: 30 * 24 * 3_600_000 })
   */
  static async open(folder: string, options?: HistoryOptions): Promise<ReportHistory> {
    if (typeof folder !== 'string' || folder === '') {
      throw new CacheAttributionError(
        'ERR_OPTION_TYPE',
        `the folder of a history must be a path, got ${describe(folder)}`,
      )
    }
    const history = new ReportHistory(folder, resolveHistoryOptions(options))
    await history.#takeUp()
    history.#maintain()
    return history
  }

  /**
   * Keeps a report. Resolves with true when the operating system has it: from then on a crash of the process does not lose it.
   * False: it waits in memory for a disk that takes it. Never rejects for what the disk does.
   *
   * @throws CacheAttributionError `ERR_HISTORY_RECORD`, `ERR_HISTORY_CLOSED`
   */
  append(report: AttributionReport): Promise<boolean> {
    this.#checkOpen()
    return this.#append({ ...this.#head(), kind: 'report', report: reportOf(report) }, false)
  }

  /**
   * Keeps an observation: what `coordinator.observe()` returned, but for what stands in the reports.
   *
   * @throws CacheAttributionError `ERR_HISTORY_RECORD`, `ERR_HISTORY_CLOSED`
   */
  appendObservation(observation: HistoryObservation): Promise<boolean> {
    this.#checkOpen()
    return this.#append({ ...this.#head(), kind: 'observation', observation: observationOf(observation) }, true)
  }

  /**
   * Keeps every report of `coordinator`, adds `trend` to its rows and its floor, gives it the calibration that an earlier process
   * saved, and saves the calibration after every run.
   *
   * @returns a function that detaches it; `close()` does the same
   * @throws CacheAttributionError `ERR_HISTORY_CLOSED`
   */
  attach(coordinator: AttachableCoordinator): () => void {
    this.#checkOpen()
    if (this.#calibration !== null) {
      try {
        coordinator.restoreCalibration(this.#calibration)
      } catch {
        // Of another version: the next run calibrates anew.
      }
    }
    const detach = coordinator.extendReports(async (report) => {
      void this.append(report)
      const calibration = coordinator.calibration as Json
      void this.#append({ ...this.#head(), kind: 'calibration', calibration }, false)
      this.#calibration = calibration
      return this.withTrends(report)
    })
    this.#undo.push(detach)
    return detach
  }

  /**
   * The report with the trends of this history, as reports of an attached coordinator carry them.
   */
  async withTrends(report: AttributionReport): Promise<AttributionReport> {
    const { caches, owners, floor, forecast } = await this.trends()
    const discovery = report.discovery === undefined ? undefined : withGrowth(report.discovery, owners)
    const trends = new Map(caches.map(({ name, trend }) => [name, trend]))
    return {
      ...report,
      caches: report.caches.map((row) => {
        const trend = trends.get(row.name)
        return trend === undefined ? row : { ...row, trend }
      }),
      floor: { ...report.floor, ...ownersOfFloor(discovery), trend: floor },
      ...(discovery === undefined ? {} : { discovery }),
      ...(forecast === null ? {} : { forecast }),
    }
  }

  /**
   * Verdicts on growth over the last `trendWindowMs`: rate and certainty of each cache. It takes 10 to 25 ms per cache, in slices of a few
   * milliseconds between which the event loop turns. Without a new record the last result is given again.
   */
  trends(): Promise<Trends> {
    this.#trends ??= this.#computeTrends()
    return this.#trends
  }

  #computeTrends(): Promise<Trends> {
    const { clock, trendWindowMs } = this.#options
    const { rssBytes, ...inputs } = this.#series.inputs({
      windowHours: trendWindowMs / HOUR_MS,
      lifetime: this.#lifetime,
      nowMs: clock.date().getTime(),
    })
    const limit = limitOf(this.#options.limitBytes)
    const memory = rssBytes === null ? null : { usedBytes: rssBytes, ...limit }
    return inSlices(trendsSteps({ ...inputs, memory, now: clock.date() }))
  }

  /**
   * Every record, the oldest first, those of other processes too; streamed.
   *
   * @throws CacheAttributionError `ERR_HISTORY_FOLDER`
   * @example
   * for await (const record of history.read({ since: new Date(Date.now() - 86_400_000) })) console.log(record.kind, record.at)
   */
  async *read(options: { readonly since?: Date | undefined } = {}): AsyncGenerator<HistoryRecord> {
    await this.flush()
    try {
      yield* readHistory(this.folder, { since: options.since, onWarning: this.#options.onWarning })
    } catch (error) {
      // The folder is made with the first record.
      const { cause } = error as { cause?: NodeJS.ErrnoException }
      if (cause?.code !== 'ENOENT') throw error
    }
  }

  /** The calibration that was saved last, as `coordinator.restoreCalibration()` takes it; null before the first. */
  get calibration(): Json | null {
    return this.#calibration
  }

  /** Writes what waits, as far as the disk takes it. */
  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  /** Detaches from coordinators, writes what waits, closes the file. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const undo of this.#undo.splice(0)) undo()
    await this.#maintenance
    await this.#writer.close()
  }

  /** {@link ReportHistory.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #head(): Pick<HistoryRecord, 'at' | 'upMs' | 'lifetime'> {
    const { clock } = this.#options
    return { at: clock.date().toISOString(), upMs: Math.round(clock.now() - this.#startMs), lifetime: this.#lifetime }
  }

  #append(given: HistoryRecord, isMinor: boolean): Promise<boolean> {
    const { line, record } = writtenRecord(given)
    this.#series.add(record)
    this.#trends = undefined
    const written = this.#writer.append(line, isMinor)
    this.#maintain()
    return written
  }

  async #takeUp(): Promise<void> {
    const { onWarning, clock, trendWindowMs } = this.#options
    const nowMs = clock.date().getTime()
    try {
      const files = await listFiles(this.folder).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      })
      if (files.length === 0) return
      this.#openedMs = newestKnown(
        files.map(({ createdMs }) => createdMs),
        nowMs,
      )
      const lines = files.reduce((sum, { bytes }) => sum + bytes, 0) / LINE_BYTES
      const oneObservationOf = Math.max(1, Math.ceil(lines / OBSERVATIONS_READ_MAX))
      const since = new Date(nowMs - trendWindowMs)
      for await (const record of readHistory(this.folder, { since, oneObservationOf, onWarning })) {
        this.#takeUpRecord(record, nowMs)
      }
    } catch (error) {
      onWarning({ code: 'WARN_HISTORY_UNREADABLE', message: messageOf(error) })
    }
  }

  /** A record that cannot be taken up costs itself only. */
  #takeUpRecord(record: HistoryRecord, nowMs: number): void {
    try {
      this.#series.add(record)
    } catch (error) {
      const message = `a ${record.kind} of ${record.at} was passed over: ${messageOf(error)}`
      this.#options.onWarning({ code: 'WARN_HISTORY_UNREADABLE', message })
    }
    if (record.kind !== 'calibration') return
    // One of a clock that stood ahead would be the last for years.
    const isAhead = Date.parse(record.at) > nowMs + CLOCK_SLACK_MS
    if (isAhead && this.#calibration !== null) return
    this.#calibration = record.calibration
  }

  /** At opening and once an hour, beside everything else. */
  #maintain(): void {
    const { clock, ...bounds } = this.#options
    const up = clock.now()
    if (this.#maintenance !== undefined || up - this.#maintainedMs < HOUR_MS) return
    this.#maintainedMs = up
    const clocks = { nowMs: clock.date().getTime(), openedMs: this.#openedMs, upMs: up - this.#startMs }
    const { currentName } = this.#writer
    const work = maintain({ ...bounds, ...clocks, folder: this.folder, lifetime: this.#lifetime, currentName })
    this.#maintenance = work.finally(() => {
      this.#maintenance = undefined
    })
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_HISTORY_CLOSED', 'this history was closed')
  }
}

function limitOf(configured: number | undefined): { limitBytes: number | null; limitSource: 'cgroup' | 'configured' } {
  if (configured !== undefined) return { limitBytes: configured, limitSource: 'configured' }
  return { limitBytes: memoryLimit(), limitSource: 'cgroup' }
}
