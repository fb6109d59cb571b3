/**
 * Runs, counted as the coordinator emits their events.
 *
 * Rule: bounded, whatever runs: labels are words of this library's own lists.
 */
import type { CoordinatorEventPayloads } from '../coordinator/events.js'
import type { AttributionMode, CacheStatus, Trigger } from '../report/types.js'
import { CacheAttributionError } from '../support/errors.js'
import { RUN_DURATION, RUN_PAUSE } from './collectors/run-times.js'
import type { RecordedMetric } from './definition.js'
import type { RunCounts } from './snapshot.js'
import type { Labels, Sample } from './sample.js'
import { Tally } from './tally.js'

/** How a run ended. */
type RunStatus = 'finished' | 'failed' | 'aborted'

/** The end of a twin. */
type TwinOutcome = 'result' | 'no-result' | 'refused' | 'crashed' | 'stuck' | 'overtime' | 'failed'

/** Called with a value for a histogram, in seconds. */
export type Recorder = (metric: RecordedMetric, seconds: number, labels: Labels) => void

const STATUSES: readonly RunStatus[] = ['finished', 'failed', 'aborted']
const ROW_STATUSES: readonly CacheStatus[] = ['released', 'trimmed', 'failed', 'timed-out', 'skipped']
const UNKNOWN = { mode: 'unknown', trigger: 'unknown' } as const
/** Code of a run that failed for its twin → outcome. */
const TWIN_ERRORS: Readonly<Record<string, TwinOutcome>> = {
  ERR_TWIN_UNSUPPORTED: 'refused',
  ERR_TWIN_MEMORY: 'refused',
  ERR_TWIN_FORK: 'refused',
  ERR_TWIN_CRASHED: 'crashed',
  ERR_TWIN_STUCK: 'stuck',
  ERR_TWIN_OVERTIME: 'overtime',
  ERR_TWIN_THROWN: 'failed',
  ERR_TWIN_RESULT: 'failed',
}

/** The counts of one coordinator's runs. */
export class RunTallies implements RunCounts {
  readonly #runs = new Tally()
  readonly #rows = new Tally()
  readonly #twins = new Tally()
  readonly #errors = new Tally()
  readonly #record: Recorder
  readonly #nowSeconds: () => number
  #current: { readonly id: string; readonly mode: AttributionMode; readonly trigger: Trigger } | undefined
  #failedInARow = 0
  #lastFinishedSeconds: number | null = null

  /** `nowSeconds` is the wall clock, since 1970. */
  constructor(record: Recorder, nowSeconds: () => number) {
    this.#record = record
    this.#nowSeconds = nowSeconds
    for (const status of ROW_STATUSES) this.#rows.add({ status }, 0)
  }

  /** From the first run of a kind on all its outcomes are there, with zero: only then does a rate see the first failure. */
  started({ id, mode, trigger }: CoordinatorEventPayloads['run-started']): void {
    this.#current = { id, mode, trigger }
    for (const status of STATUSES) this.#runs.add({ status, mode, trigger }, 0)
    if (mode === 'twin') for (const outcome of ['result', 'no-result']) this.#twins.add({ outcome }, 0)
  }

  finished({ report }: CoordinatorEventPayloads['run-finished']): void {
    const { mode, trigger, twin } = report
    this.#current = undefined
    this.#failedInARow = 0
    this.#lastFinishedSeconds = this.#nowSeconds()
    this.#runs.add({ status: 'finished', mode, trigger })
    for (const { status } of report.caches) this.#rows.add({ status })
    if (twin !== undefined) {
      this.#twins.add({ outcome: 'result' }, twin.twins)
      this.#twins.add({ outcome: 'no-result' }, twin.attempts - twin.twins)
    }
    this.#record(RUN_DURATION, report.durationMs / 1000, { mode })
    this.#record(RUN_PAUSE, report.pauses.longestMs / 1000, { mode })
  }

  failed({ id, error }: CoordinatorEventPayloads['run-failed']): void {
    // One that could not even begin, or began before anybody listened, never told its mode.
    const { mode, trigger } = this.#current?.id === id ? this.#current : UNKNOWN
    this.#current = undefined
    const code = error instanceof CacheAttributionError ? error.code : 'unknown'
    const isAborted = code === 'ERR_RUN_ABORTED'
    this.#runs.add({ status: isAborted ? 'aborted' : 'failed', mode, trigger })
    if (isAborted) return
    this.#failedInARow++
    this.#errors.add({ code })
    const outcome = TWIN_ERRORS[code]
    if (outcome !== undefined) this.#twins.add({ outcome })
  }

  /** By `status`, `mode` and `trigger`. */
  get runs(): Sample[] {
    return this.#runs.samples()
  }

  /** By `status`. */
  get rows(): Sample[] {
    return this.#rows.samples()
  }

  /** By `outcome`. */
  get twins(): Sample[] {
    return this.#twins.samples()
  }

  /** By `code`. */
  get errors(): Sample[] {
    return this.#errors.samples()
  }

  get failedInARow(): number {
    return this.#failedInARow
  }

  /** Seconds since 1970; null before the first. */
  get lastFinishedSeconds(): number | null {
    return this.#lastFinishedSeconds
  }
}
