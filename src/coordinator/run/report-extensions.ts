/** Extensions, which add to a report before it is given out. */
import type { AttributionReport } from '../../report/types.js'
import { reportNotExtended } from './warnings.js'
import { ownTimers } from '../../support/own-timers.js'

/** Gives a report with something added, at once or later; what it got stays as it was. */
export type ExtendReport = (report: AttributionReport) => AttributionReport | Promise<AttributionReport>

/** The run holds its lock until its report is whole: so long for each extension, and no longer. */
const TIMEOUT_MS = 30_000

/** The extensions of a coordinator, each added to what the ones before it made. */
export class ReportExtensions {
  readonly #extensions = new Set<ExtendReport>()
  readonly #timeoutMs: number

  constructor(timeoutMs = TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs
  }

  /** @returns what takes it away again */
  add(extend: ExtendReport): () => void {
    // A function of its own: the same one may be given twice.
    const extension: ExtendReport = (report) => extend(report)
    this.#extensions.add(extension)
    return () => {
      this.#extensions.delete(extension)
    }
  }

  clear(): void {
    this.#extensions.clear()
  }

  /** The report with all of them. One that throws, rejects or hangs is a warning in it. */
  async apply(report: AttributionReport): Promise<AttributionReport> {
    let extended = report
    for (const extend of this.#extensions) {
      try {
        extended = await this.#inTime(extend(extended))
      } catch (error) {
        extended = { ...extended, warnings: [...extended.warnings, reportNotExtended(error)] }
      }
    }
    return extended
  }

  async #inTime(report: AttributionReport | Promise<AttributionReport>): Promise<AttributionReport> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = ownTimers.setTimeout(() => {
        reject(new Error(`it did not end within ${String(this.#timeoutMs)} ms`))
      }, this.#timeoutMs)
    })
    try {
      return await Promise.race([report, late])
    } finally {
      ownTimers.clearTimeout(timer)
    }
  }
}
