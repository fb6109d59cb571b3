/** What a run has found so far: rows, controls, warnings. Each is told as an event when it is entered. */
import type { Figures } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import type { MeasuredCache } from '../report/build.js'
import type { ReportWarning, RowError } from '../report/types.js'
import type { CoordinatorEventPayloads } from './events.js'

/** Tells the listeners of a coordinator. */
export type Tell = <Name extends keyof CoordinatorEventPayloads>(
  name: Name,
  payload: CoordinatorEventPayloads[Name],
) => void

/** A row before it is known what its controls showed. */
export type LedgerRow = Omit<MeasuredCache, 'controls'> & { readonly gc: GcMode }

/** The ledger of one run. */
export class RunLedger {
  readonly controls: Record<GcMode, Figures[]> = { forced: [], natural: [], none: [] }
  readonly warnings: ReportWarning[] = []
  readonly #rows: LedgerRow[] = []
  readonly #warned = new Set<string>()
  readonly #id: string
  readonly #tell: Tell

  constructor(id: string, tell: Tell) {
    this.#id = id
    this.#tell = tell
  }

  /** The rows so far, each with the controls of its kind. */
  rows(): MeasuredCache[] {
    return this.#rows.map(({ gc, ...row }) => ({ ...row, controls: this.controls[gc] }))
  }

  /** Enters a warning; the same one again says nothing new. */
  warn(warning: ReportWarning): void {
    const words = `${warning.code} ${warning.message}`
    if (this.#warned.has(words)) return
    this.#warned.add(words)
    this.warnings.push(warning)
    this.#tell('warning', warning)
  }

  /** Enters a cache that was asked to release; `change` is what its first turn showed. */
  release(row: LedgerRow, change: Figures): void {
    const { name, status, pauseMs, error } = row
    this.#rows.push(row)
    this.#tell('cache-released', { id: this.#id, name, status, ...change, pauseMs })
    if (error !== undefined) this.#tell('cache-failed', { id: this.#id, name, status, error })
  }

  /** Enters a cache that was not asked. */
  skip(name: string, error: RowError): void {
    this.#rows.push({
      gc: 'none',
      name,
      status: 'skipped',
      measurement: { kind: 'none' },
      entriesBefore: null,
      entriesAfter: null,
      claimedBytes: null,
      settled: null,
      pauseMs: 0,
      durationMs: 0,
      error,
    })
    this.#tell('cache-skipped', { id: this.#id, name, error })
  }
}
