/** What a run has found so far: rows, controls, warnings. Each is told as an event when it is entered. */
import { UNREAD } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import type { GcMode } from '../../measure/settle.js'
import { difference, sumOf, unmeasured } from '../../report/build-report.js'
import type { MeasuredCache, Measurement } from '../../report/build-report.js'
import type { ReportWarning, RowError } from '../../report/types.js'
import type { CoordinatorEventPayloads } from '../events.js'
import { joinParts } from './trim-parts.js'
import type { TrimPart } from './trim-parts.js'

/** Tells the listeners of a coordinator. */
export type Tell = <Name extends keyof CoordinatorEventPayloads>(
  name: Name,
  payload: CoordinatorEventPayloads[Name],
) => void

/** A row before it is known what its controls showed. */
export type LedgerRow = Omit<MeasuredCache, 'controls'> & { readonly gc: GcMode }

/** What the turns in which it was asked showed. */
function firstTurnOf(measurement: Measurement): Figures {
  if (measurement.kind === 'atomic') return difference(measurement.before, measurement.after)
  if (measurement.kind === 'batched') return sumOf(measurement.windows)
  if (measurement.kind === 'stepped') return difference(measurement.firstTurn.before, measurement.firstTurn.after)
  return UNREAD
}

/** The ledger of one run. */
export class RunLedger {
  readonly controls: Record<GcMode, Figures[]> = { forced: [], natural: [], none: [] }
  readonly warnings: ReportWarning[] = []
  readonly #rows: LedgerRow[] = []
  /** Caches that are being trimmed: their parts so far. */
  readonly #open = new Map<string, [TrimPart, ...TrimPart[]]>()
  /** Caches that have their row. */
  readonly #closed = new Set<string>()
  readonly #warned = new Set<string>()
  readonly #id: string
  readonly #tell: Tell

  constructor(id: string, tell: Tell) {
    this.#id = id
    this.#tell = tell
  }

  /** The rows so far, each with the controls of its kind. */
  rows(): MeasuredCache[] {
    return this.#rows.map((row) => ({ ...row, controls: this.controls[row.gc] }))
  }

  /** Enters a warning; the same one again says nothing new. */
  warn(warning: ReportWarning): void {
    const words = `${warning.code} ${warning.message}`
    if (this.#warned.has(words)) return
    this.#warned.add(words)
    this.warnings.push(warning)
    this.#tell('warning', warning)
  }

  /** Whether a cache has its row: nothing more is asked of it. */
  isClosed(name: string): boolean {
    return this.#closed.has(name)
  }

  /**
   * Enters a part of a cache that was asked to drop it. The last one, or one that failed or went on in later turns, makes
   * the row.
   */
  trim(part: TrimPart): void {
    const { name, batch, status, measurement } = part
    const parts = this.#open.get(name)
    if (parts === undefined) this.#open.set(name, [part])
    else parts.push(part)
    if (batch.isLast || status !== 'trimmed' || measurement.kind === 'stepped') this.#close(name)
  }

  /** Enters a cache that was asked to release; `change` is what its first turn showed. */
  release(row: LedgerRow, change: Figures): void {
    const { name, status, pauseMs, error } = row
    this.#closed.add(name)
    this.#rows.push(row)
    this.#tell('cache-released', { id: this.#id, name, status, ...change, pauseMs })
    if (error !== undefined) this.#tell('cache-failed', { id: this.#id, name, status, error })
  }

  /** Enters a cache that was not asked; one that was asked for some of its parts keeps what they showed. */
  skip(name: string, error: RowError): void {
    if (this.#open.has(name)) this.#close(name)
    if (this.#closed.has(name)) return
    this.#closed.add(name)
    this.#rows.push({ gc: 'none', ...unmeasured(name, 'skipped', error) })
    this.#tell('cache-skipped', { id: this.#id, name, error })
  }

  #close(name: string): void {
    const parts = this.#open.get(name)
    if (parts === undefined) return
    this.#open.delete(name)
    const row = joinParts(parts)
    this.release(row, firstTurnOf(row.measurement))
  }
}
