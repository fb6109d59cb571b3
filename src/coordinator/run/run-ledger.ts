/**
 * The findings of a run so far: warnings, controls, rows. Both kinds of run enter what they find here, and each entry is emitted
 * as an event.
 */
import type { Figures } from '../../measure/figures.js'
import type { ControlWindow } from '../../report/other-threads.js'
import type { GcMode } from '../../measure/settle.js'
import { unmeasured } from '../../report/measured-cache.js'
import type { MeasuredCache } from '../../report/measured-cache.js'
import type { AttributionReport, CacheStatus, ReportWarning, RowError } from '../../report/types.js'
import type { CoordinatorEventPayloads } from '../events.js'
import type { RegisteredCache } from '../registry.js'

/** Emits an event of a coordinator. */
export type Emit = <Name extends keyof CoordinatorEventPayloads>(
  name: Name,
  payload: CoordinatorEventPayloads[Name],
) => void

/** A row before it is known what its controls showed. */
export type LedgerRow = Omit<MeasuredCache, 'controls'> & { readonly gc: GcMode }

/** The ledger of one run. */
export class RunLedger {
  readonly controls: Record<GcMode, ControlWindow[]> = { forced: [], natural: [], none: [] }
  readonly warnings: ReportWarning[] = []
  readonly #rows: { readonly cache: RegisteredCache; readonly row: LedgerRow }[] = []
  readonly #warned = new Set<string>()
  readonly #id: string
  readonly #emit: Emit

  constructor(id: string, emit: Emit) {
    this.#id = id
    this.#emit = emit
  }

  /** Begins the run; `standing` are the warnings that hold for all of it. */
  begin({ trigger, mode }: Pick<AttributionReport, 'trigger' | 'mode'>, standing: readonly ReportWarning[]): void {
    this.#emit('run-started', { id: this.#id, trigger, mode })
    for (const warning of standing) this.warn(warning)
  }

  /** Emits the plan. */
  plan(planned: Omit<CoordinatorEventPayloads['run-planned'], 'id'>): void {
    this.#emit('run-planned', { id: this.#id, ...planned })
  }

  /** Enters a warning; the same one again says nothing new. */
  warn(warning: ReportWarning): void {
    const words = `${warning.code} ${warning.message}`
    if (this.#warned.has(words)) return
    this.#warned.add(words)
    this.warnings.push(warning)
    this.#emit('warning', warning)
  }

  /** Emits that a cache was asked to release; `change` is what its first turn showed. */
  announce(
    { name, status, pauseMs, error }: Pick<LedgerRow, 'name' | 'status' | 'pauseMs' | 'error'>,
    change: Figures,
  ): void {
    this.#emit('cache-released', { id: this.#id, name, status, ...change, pauseMs })
    if (error !== undefined) this.announceFailure(name, status, error)
  }

  /** Emits that a cache failed. */
  announceFailure(name: string, status: CacheStatus, error: RowError): void {
    this.#emit('cache-failed', { id: this.#id, name, status, error })
  }

  /** Emits that a cache is not asked. */
  announceSkip(name: string, error: RowError): void {
    this.#emit('cache-skipped', { id: this.#id, name, error })
  }

  /** Enters the row of a cache. */
  enter(cache: RegisteredCache, row: LedgerRow): void {
    this.#rows.push({ cache, row })
  }

  /** Enters a cache of which nothing was measured. */
  enterUnmeasured(cache: RegisteredCache, status: CacheStatus, error: RowError): void {
    this.enter(cache, { gc: 'none', ...unmeasured(cache.name, status, error) })
  }

  /** The rows so far, each with the controls of its kind. */
  rows(): MeasuredCache[] {
    return this.#rows.map(({ row }) => ({ ...row, controls: this.controls[row.gc] }))
  }

  /** The cache of each row. */
  caches(): RegisteredCache[] {
    return this.#rows.map(({ cache }) => cache)
  }
}
