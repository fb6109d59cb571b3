/** The ledger of a run in this process: a cache that is trimmed in parts has one row of all of them. */
import { UNREAD, difference } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import { sumOf } from '../../report/attribute-windows.js'
import type { Measurement } from '../../report/measured-cache.js'
import type { RowError } from '../../report/types.js'
import type { RegisteredCache } from '../registry.js'
import { RunLedger } from '../run/run-ledger.js'
import type { LedgerRow } from '../run/run-ledger.js'
import { joinParts } from './trim-parts.js'
import type { TrimPart } from './trim-parts.js'

/** The findings of the turns in which a cache was asked. */
function firstTurnOf(measurement: Measurement): Figures {
  if (measurement.kind === 'atomic') return difference(measurement.before, measurement.after)
  if (measurement.kind === 'batched') return sumOf(measurement.windows)
  if (measurement.kind === 'stepped') return difference(measurement.firstTurn.before, measurement.firstTurn.after)
  return UNREAD
}

/** The ledger of one run. */
export class LiveLedger extends RunLedger {
  /** Caches that are being trimmed: their parts so far. */
  readonly #open = new Map<RegisteredCache, [TrimPart, ...TrimPart[]]>()
  /** Caches that have their row. */
  readonly #closed = new Set<RegisteredCache>()

  /** Whether a cache has its row: nothing more is asked of it. */
  isClosed(cache: RegisteredCache): boolean {
    return this.#closed.has(cache)
  }

  /**
   * Enters a part of a cache that was asked to drop it. The last one, or one that failed or went on in later turns, makes
   * the row.
   */
  trim(cache: RegisteredCache, part: TrimPart): void {
    const { batch, status, measurement } = part
    const parts = this.#open.get(cache)
    if (parts === undefined) this.#open.set(cache, [part])
    else parts.push(part)
    if (batch.isLast || status !== 'trimmed' || measurement.kind === 'stepped') this.#close(cache)
  }

  /** Enters a cache that was asked to release; `change` is what its first turn showed. */
  release(cache: RegisteredCache, row: LedgerRow, change: Figures): void {
    this.#closed.add(cache)
    this.enter(cache, row)
    this.announce(row, change)
  }

  /** Enters a cache that was not asked; one that was asked for some of its parts keeps what they showed. */
  skip(cache: RegisteredCache, error: RowError): void {
    if (this.#open.has(cache)) this.#close(cache)
    if (this.#closed.has(cache)) return
    this.#closed.add(cache)
    this.enterUnmeasured(cache, 'skipped', error)
    this.announceSkip(cache.name, error)
  }

  #close(cache: RegisteredCache): void {
    const parts = this.#open.get(cache)
    if (parts === undefined) return
    this.#open.delete(cache)
    const row = joinParts(parts)
    this.release(cache, row, firstTurnOf(row.measurement))
  }
}
