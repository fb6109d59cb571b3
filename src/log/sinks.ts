/**
 * Where lines and records go: a logger, and a history.
 *
 * Rule: a sink that throws or rejects never reaches the service or the next tick. That it does is said once, as a warning of the
 * process, and again when it has worked in between.
 */
import type { Observation } from '../coordinator/observe.js'
import type { AttributionReport } from '../report/types.js'
import { messageOf } from '../support/errors.js'
import type { WarningCode } from '../support/errors.js'

/** The part of a logger; what its methods return may be a promise that is used. */
export interface Logger {
  /** An ordinary line. */
  info(...what: unknown[]): unknown
  /** Something grows, failed, or was skipped too often. */
  warn(...what: unknown[]): unknown
  /** pino's shape: with it, fields come first and the text after them. */
  child?(...what: unknown[]): unknown
  /** Called by `close()`. */
  flush?(): unknown
}

/** The part of a history, e.g. of a `ReportHistory` that is used. */
export interface HistorySink {
  /** Takes a report; may return a promise. */
  append(report: AttributionReport): unknown
  /** Takes an observation; may return a promise. */
  appendObservation(observation: Observation): unknown
  /** Called by `close()`. */
  flush?(): unknown
  /** Where it is there, the growth that it finds is logged. */
  trends?(): unknown
}

/** pino, bunyan and their kin take an object first. */
export function isObjectLogger(logger: Logger): boolean {
  return typeof logger.child === 'function'
}

/** Calls a sink, whatever it does. */
export class Sink {
  readonly #name: string
  readonly #code: WarningCode
  #isFailing = false

  constructor(name: string, code: WarningCode) {
    this.#name = name
    this.#code = code
  }

  /** Resolves when the sink has taken it, or has failed; never rejects. */
  async call(work: () => unknown): Promise<void> {
    try {
      await work()
      this.#isFailing = false
    } catch (error) {
      if (this.#isFailing) return
      this.#isFailing = true
      process.emitWarning(`the ${this.#name} of a PeriodicReporter failed: ${messageOf(error)}`, {
        type: 'CacheAttributionWarning',
        code: this.#code,
      })
    }
  }
}
