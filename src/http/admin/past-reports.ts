/**
 * The reports of earlier processes, out of a history on disk: a restart does not empty the list of reports.
 *
 * Rule: nothing is read before the first request, and then once; a history that cannot be read is an empty one.
 */
import type { ReportHistory } from '../../history/report-history.js'
import { ReportStore } from './report-store.js'

/** The part of a history that is used. */
export type HistorySource = Pick<ReportHistory, 'trends' | 'read'>

/** So far back, as trends look by default: what is older would say nothing of this week. */
const WINDOW_MS = 7 * 24 * 3_600_000

/** Reads them when they are first asked for. */
export class PastReports {
  readonly #history: HistorySource | undefined
  readonly #countMax: number
  readonly #onError: (error: unknown) => void
  #reading: Promise<ReportStore> | undefined

  constructor(history: HistorySource | undefined, countMax: number, onError: (error: unknown) => void) {
    this.#history = history
    this.#countMax = countMax
    this.#onError = onError
  }

  /** The last ones before this process, and those of this one until now. */
  load(): Promise<ReportStore> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  async #read(): Promise<ReportStore> {
    const store = new ReportStore(this.#countMax)
    if (this.#history === undefined || this.#countMax === 0) return store
    try {
      for await (const record of this.#history.read({ since: new Date(Date.now() - WINDOW_MS) })) {
        if (record.kind === 'report') store.keep(record.report)
      }
    } catch (error) {
      this.#onError(error)
    }
    return store
  }
}
