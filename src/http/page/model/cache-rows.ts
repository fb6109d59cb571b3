/**
 * The rows of the page's table: what the caches say of themselves, joined with what runs found of them.
 *
 * Rule: unknown stays null up to the cell that shows it; a figure is never made of two measurements.
 */
import { byQuantity } from '../../../measure/figures.js'
import type { ByQuantity, Quantity } from '../../../measure/figures.js'
import type { AttributedBytes, AttributionReport, CacheAttribution, RowError } from '../../../report/types.js'
import { wholeOf, withTotal } from '../../../report/whole.js'
import { knownBytes } from './sum-known.js'
import type { CacheView } from '../../admin/types.js'

/** A row's size, and how it is known. */
export type RowState =
  | 'measured'
  | 'within-noise'
  | 'estimated'
  | 'failed'
  | 'timed-out'
  | 'skipped'
  | 'unmeasured'
  | 'waiting'
  | 'just-measured'

/** One line of the table. */
export interface CacheRow {
  readonly name: string
  readonly state: RowState
  /** The whole cache. */
  readonly bytes: number | null
  readonly uncertaintyBytes: number | null
  readonly allocatedBytes: number | null
  readonly heapBytes: number | null
  readonly mappedBytes: number | null
  /** As the cache counts now; of a report's row that is no longer registered, as it counted then. */
  readonly entries: number | null
  readonly claimedBytes: number | null
  /** The bytes that it claimed when it was measured: the measured figure is compared with them. */
  readonly claimedThenBytes: number | null
  /** ISO 8601. */
  readonly measuredAt: string | null
  readonly error: RowError | null
  /** Its row in the report that is shown. */
  readonly attribution: CacheAttribution | null
  readonly view: CacheView | null
  readonly traits: CacheView['traits'] | null
}

/** A cache that the run under way has dealt with. */
export type LiveRow =
  | ({ readonly kind: 'released' } & ByQuantity<number | null>)
  | {
      readonly kind: 'failed' | 'skipped'
      readonly status: 'failed' | 'timed-out' | 'skipped'
      readonly error: RowError
    }

/** The run under way, by its events. */
export interface LiveRows {
  /** Names that it will come to. */
  readonly planned: ReadonlySet<string>
  readonly done: ReadonlyMap<string, LiveRow>
  /** A trim: what came back is a part, and the whole is estimated when it is over. */
  readonly isTrim: boolean
}

/** By what the table can be sorted. */
export type SortKey = 'bytes' | 'name' | 'claimed' | 'entries' | 'age'

/** Joins the registered caches, the shown report and the run under way; a cache that is gone keeps its row of the report. */
export function joinRows(
  views: readonly CacheView[],
  report: AttributionReport | null,
  live: LiveRows | null,
): CacheRow[] {
  const attributions = new Map(report?.caches.map((row) => [row.name, row]))
  const names = new Set(views.map(({ name }) => name))
  const gone = report?.caches.filter(({ name }) => !names.has(name)) ?? []
  return [
    ...views.map((view) => {
      const done = live?.done.get(view.name)
      if (done !== undefined) return liveRow(view, done, live?.isTrim === true)
      const row = settledRow(view, attributions.get(view.name) ?? null, report)
      return live?.planned.has(view.name) === true ? { ...row, state: 'waiting' as const } : row
    }),
    ...(report === null ? [] : gone.map((row) => attributedRow(row, null, report))),
  ]
}

/** Largest first, the unknown last; ties by name, so that the order never depends on the answer's. */
export function sortRows(rows: readonly CacheRow[], key: SortKey): CacheRow[] {
  const byName = (a: CacheRow, b: CacheRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  if (key === 'name') return rows.toSorted(byName)
  const value = {
    bytes: (row: CacheRow) => row.bytes,
    claimed: (row: CacheRow) => row.claimedBytes,
    entries: (row: CacheRow) => row.entries,
    age: (row: CacheRow) => (row.measuredAt === null ? null : Date.parse(row.measuredAt)),
  }[key]
  const order = (row: CacheRow): number => value(row) ?? -Infinity
  return rows.toSorted((a, b) => compare(order(b), order(a)) || compare(claim(b), claim(a)) || byName(a, b))
}

/** Rows whose name holds the words, whatever their case. */
export function filterRows(rows: readonly CacheRow[], words: string): readonly CacheRow[] {
  const wanted = words.trim().toLowerCase()
  return wanted === '' ? rows : rows.filter(({ name }) => name.toLowerCase().includes(wanted))
}

/** Measured ÷ claimed; null where either is unknown, or the measured figure says nothing. */
export function ratioToClaim({ bytes, uncertaintyBytes, claimedThenBytes, state }: CacheRow): number | null {
  const isFigure = state === 'measured' || state === 'estimated' || state === 'just-measured'
  if (!isFigure || bytes === null || claimedThenBytes === null || claimedThenBytes <= 0) return null
  if (Math.abs(bytes) <= (uncertaintyBytes ?? 0)) return null
  return bytes / claimedThenBytes
}

/** Bytes of one entry; null where either is unknown, or the figure is within the noise. */
export function bytesPerEntry({ bytes, uncertaintyBytes, attribution, state }: CacheRow): number | null {
  const entries = attribution?.entriesBefore ?? null
  if (state !== 'measured' && state !== 'estimated') return null
  if (bytes === null || Math.abs(bytes) <= (uncertaintyBytes ?? 0) || entries === null || entries <= 0) return null
  const left = attribution?.estimated === undefined ? (attribution?.entriesAfter ?? 0) : 0
  return entries > left ? bytes / (entries - left) : null
}

function settledRow(view: CacheView, row: CacheAttribution | null, report: AttributionReport | null): CacheRow {
  const { lastMeasured } = view
  if (row !== null && report !== null) {
    const isOlder = lastMeasured !== null && endOf(report) < lastMeasured.measuredAt
    // A row that says nothing does not hide what an earlier run found.
    const isEmpty = row.status === 'skipped' && lastMeasured !== null
    if (!isOlder && !isEmpty) return attributedRow(row, view, report)
  }
  if (lastMeasured !== null) return lastMeasuredRow(view, lastMeasured)
  if (view.estimatedBytes === null) return { ...blank(view), state: 'unmeasured' }
  return {
    ...blank(view),
    state: 'estimated',
    bytes: view.estimatedBytes,
    uncertaintyBytes: view.estimatedUncertaintyBytes,
    claimedThenBytes: view.claimedBytes,
  }
}

function attributedRow(row: CacheAttribution, view: CacheView | null, report: AttributionReport): CacheRow {
  const { bytes, uncertaintyBytes } = wholeOf(row, report.mode)
  const isMeasured = row.status === 'released' || row.status === 'trimmed'
  return {
    name: row.name,
    state: isMeasured ? (row.significant ? measuredState(row) : 'within-noise') : row.status,
    ...sizes(bytes),
    uncertaintyBytes,
    entries: view === null ? row.entriesBefore : view.entries,
    claimedBytes: view === null ? row.claimedBytes : view.claimedBytes,
    claimedThenBytes: row.claimedBytes,
    measuredAt: row.status === 'skipped' ? null : endOf(report),
    error: row.error ?? null,
    attribution: row,
    view,
    traits: view?.traits ?? null,
  }
}

function measuredState({ estimated }: CacheAttribution): RowState {
  return estimated === undefined ? 'measured' : 'estimated'
}

function lastMeasuredRow(view: CacheView, last: NonNullable<CacheView['lastMeasured']>): CacheRow {
  const bytes = knownBytes(last)
  const isKnown = bytes !== null && (last.uncertaintyBytes === null || Math.abs(bytes) > last.uncertaintyBytes)
  return {
    ...blank(view),
    state: isKnown ? 'measured' : 'within-noise',
    ...sizes(last),
    uncertaintyBytes: last.uncertaintyBytes,
    measuredAt: last.measuredAt,
  }
}

function liveRow(view: CacheView, done: LiveRow, isTrim: boolean): CacheRow {
  if (done.kind !== 'released') return { ...blank(view), state: done.status, error: done.error }
  if (isTrim) return { ...blank(view), state: 'just-measured' }
  return {
    ...blank(view),
    state: 'just-measured',
    ...sizes(withTotal(done)),
    claimedThenBytes: view.claimedBytes,
  }
}

function blank(view: CacheView): CacheRow {
  return {
    name: view.name,
    state: 'unmeasured',
    bytes: null,
    uncertaintyBytes: null,
    allocatedBytes: null,
    heapBytes: null,
    mappedBytes: null,
    entries: view.entries,
    claimedBytes: view.claimedBytes,
    claimedThenBytes: null,
    measuredAt: null,
    error: null,
    attribution: null,
    view,
    traits: view.traits,
  }
}

function sizes(bytes: AttributedBytes): Pick<CacheRow, 'bytes' | Quantity> {
  return { bytes: knownBytes(bytes), ...byQuantity((quantity) => bytes[quantity]) }
}

function endOf({ startedAt, durationMs }: AttributionReport): string {
  return new Date(Date.parse(startedAt) + durationMs).toISOString()
}

function claim({ claimedBytes }: CacheRow): number {
  return claimedBytes ?? -Infinity
}

/** Infinities compare as equal to themselves. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b
}
