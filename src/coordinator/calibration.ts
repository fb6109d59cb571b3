/**
 * Calibration: what a measurement found of a cache, per entry, so that its size can be known at any later moment from its
 * count of entries, at no cost.
 *
 * Rule: an estimate carries the age and the error of the measurement behind it. The error grows with what the measurement
 * cannot know: entries that came and went since, and sizes that changed.
 */
import type { AttributionReport, CacheAttribution } from '../report/types.js'
import { wholeOf } from '../report/whole.js'
import { CacheAttributionError } from '../support/errors.js'
import { parseCalibration } from './calibration-json.js'
import type { CalibrationPoint, CalibrationState } from './calibration-json.js'
import { entrySizeOf } from './entry-size.js'
import type { EntrySize } from './entry-size.js'

/** A cache's size now, as its calibration shows it. */
export interface CalibratedEstimate {
  readonly estimatedBytes: number
  /** Half-width of the interval that should hold the truth; null where the calibration has no error bar. */
  readonly estimatedUncertaintyBytes: number | null
  /** How long ago it was measured. */
  readonly calibrationAgeMs: number
  /** The measurement that it rests on. */
  readonly calibration: CalibrationPoint
}

/** Of each cache: its latest measurements tell how steady its entries are. */
const POINTS_MAX = 8
/** A hash table grows in steps and shrinks late: for entries that went it stays, for those that came it may be there. */
const TABLE_BYTES_PER_ENTRY = 56
/** Names of caches that were registered once and are not any more must not pile up. */
const CACHES_MAX = 10_000

/** The facts about one cache. */
interface Known {
  /** Measurements from outside, the oldest first. */
  readonly restored: readonly CalibrationPoint[]
  /** Measurements of this process, in the order of its runs. They count as later than all that was restored. */
  readonly measured: readonly CalibrationPoint[]
}

const NOTHING: Known = { restored: [], measured: [] }

/** The calibrations of one coordinator, by the names of its caches. */
export class Calibrations {
  readonly #known = new Map<string, Known>()

  /** Takes what a report tells. It is the latest of its caches, whatever the clock said of those before. */
  note(report: AttributionReport): void {
    const startedMs = Date.parse(report.startedAt)
    for (const row of report.caches) {
      const point = pointOf(row, report)
      const known = this.#known.get(row.name) ?? NOTHING
      const latest = pointsOf(known).at(-1)
      if (point === null || (latest !== undefined && hasError(latest) && !hasError(point))) continue
      // Saved measurements are put in order by their dates: a clock that was put back must not change that order.
      this.#set(row.name, {
        restored: notAfter(startedMs, known.restored),
        measured: [...notAfter(startedMs, known.measured), point].slice(-POINTS_MAX),
      })
    }
  }

  /** The size of a cache with this many entries; null before its first calibration. */
  estimate(name: string, entries: number | null, claimedBytes: number | null, now: Date): CalibratedEstimate | null {
    const points = pointsOf(this.#known.get(name) ?? NOTHING)
    const latest = points.at(-1)
    if (latest === undefined || entries === null) return null
    const size = sizeOf(points, latest, entries, claimedBytes)
    if (size === null) return null
    return {
      ...size,
      calibrationAgeMs: Math.max(0, now.getTime() - Date.parse(latest.measuredAt)),
      calibration: latest,
    }
  }

  /** The size of one entry; null before its first calibration. */
  entrySize(name: string): EntrySize | null {
    return entrySizeOf(pointsOf(this.#known.get(name) ?? NOTHING))
  }

  toJSON(): CalibrationState {
    return { schemaVersion: 1, caches: [...this.#known].map(([name, known]) => ({ name, points: pointsOf(known) })) }
  }

  /**
   * Adds what `toJSON()` gave, here or in an earlier process; refuses anything else, and then changes nothing. A date
   * after `now` counts as `now`.
   */
  restore(state: unknown, now: Date): void {
    const { caches } = parseCalibration(state, CACHES_MAX)
    const fresh = caches.filter(({ name }) => !this.#known.has(name))
    if (this.#known.size + fresh.length > CACHES_MAX) {
      throw new CacheAttributionError(
        'ERR_CALIBRATION_INVALID',
        `no more than ${String(CACHES_MAX)} caches can be calibrated`,
      )
    }
    for (const { name, points } of caches) {
      const { restored, measured } = this.#known.get(name) ?? NOTHING
      const own = new Set(measured.map(({ measuredAt }) => measuredAt))
      const others = points.filter(({ measuredAt }) => !own.has(measuredAt))
      this.#set(name, { restored: joined([...restored, ...others], now).slice(-POINTS_MAX), measured })
    }
  }

  #set(name: string, known: Known): void {
    // Behind the others: the first is the one that was measured longest ago, and the first to be forgotten.
    this.#known.delete(name)
    this.#known.set(name, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > CACHES_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}

/** The latest measurements, the last one last. */
function pointsOf({ restored, measured }: Known): readonly CalibrationPoint[] {
  return [...restored, ...measured].slice(-POINTS_MAX)
}

/** One point of each date, in their order; those without an error only where none before has one. */
function joined(points: readonly CalibrationPoint[], now: Date): CalibrationPoint[] {
  const sorted = points.toSorted((a, b) => Date.parse(a.measuredAt) - Date.parse(b.measuredAt))
  const byTime = new Map(notAfter(now.getTime(), sorted).map((point) => [point.measuredAt, point]))
  let isSure = false
  return [...byTime.values()].filter((point) => {
    isSure ||= hasError(point)
    return !isSure || hasError(point)
  })
}

/** A date that lies ahead says only that a clock was wrong: it counts as that moment. */
function notAfter(momentMs: number, points: readonly CalibrationPoint[]): CalibrationPoint[] {
  return points.map((point) =>
    Date.parse(point.measuredAt) > momentMs ? { ...point, measuredAt: new Date(momentMs).toISOString() } : point,
  )
}

/** A measurement without a known error does not take the place of one that has it. */
function hasError({ uncertaintyPerEntry }: CalibrationPoint): boolean {
  return uncertaintyPerEntry !== null
}

/** A whole that is beyond its error calibrates; anything less would calibrate with noise. */
function pointOf(row: CacheAttribution, { mode, startedAt }: AttributionReport): CalibrationPoint | null {
  const { status, entriesBefore, entriesAfter, claimedBytes } = row
  const isWhole = status === 'trimmed' || (status === 'released' && entriesAfter === 0)
  const { bytes: whole, uncertaintyBytes: uncertainty } = wholeOf(row, mode)
  const bytes = whole.totalBytes
  if (!isWhole || bytes === null || entriesBefore === null || entriesBefore === 0) return null
  if (bytes <= (uncertainty ?? 0)) return null
  return {
    measuredAt: startedAt,
    mode,
    entries: entriesBefore,
    bytesPerEntry: bytes / entriesBefore,
    uncertaintyPerEntry: uncertainty === null ? null : uncertainty / entriesBefore,
    measuredPerClaimed: claimedBytes === null || claimedBytes === 0 ? null : bytes / claimedBytes,
  }
}

/**
 * From the count of entries; from what the cache claims, where it claims anything: that follows sizes that change. The two
 * together tell how far it can be trusted. Null where that is no number.
 */
function sizeOf(
  points: readonly CalibrationPoint[],
  latest: CalibrationPoint,
  entries: number,
  claimedBytes: number | null,
): Pick<CalibratedEstimate, 'estimatedBytes' | 'estimatedUncertaintyBytes'> | null {
  const byEntries = latest.bytesPerEntry * entries
  const byClaims =
    latest.measuredPerClaimed === null || claimedBytes === null ? null : latest.measuredPerClaimed * claimedBytes
  const bytes = byClaims ?? byEntries
  // Restored measurements, and figures that a cache gives of itself, may be any numbers.
  if (!Number.isFinite(bytes)) return null
  const relative = latest.uncertaintyPerEntry === null ? null : latest.uncertaintyPerEntry / latest.bytesPerEntry
  // Runs before the latest: by how much a measurement of this cache can be off by the time of the next.
  const unsteady =
    Math.max(...points.map(({ bytesPerEntry }) => Math.abs(bytesPerEntry - latest.bytesPerEntry))) * entries
  const changed = byClaims === null ? turnover(latest, entries) : Math.abs(byClaims - byEntries)
  const table = TABLE_BYTES_PER_ENTRY * Math.abs(entries - latest.entries)
  const uncertainty = relative === null ? NaN : relative * bytes + Math.max(unsteady, changed) + table
  return {
    estimatedBytes: Math.round(bytes),
    estimatedUncertaintyBytes: Number.isFinite(uncertainty) ? Math.ceil(uncertainty) : null,
  }
}

/** Entries that came may each be twice as large as those that were measured, or nothing; and so may those that stayed. */
function turnover({ bytesPerEntry, entries: measured }: CalibrationPoint, entries: number): number {
  return bytesPerEntry * Math.min(Math.abs(entries - measured), entries)
}
