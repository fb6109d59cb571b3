/**
 * Records and their lines.
 *
 * Rule: a line that cannot be understood costs itself only; unknown fields stay; a newer schema is passed over, not guessed at.
 */
import { withoutGrowth } from '../report/discovery/owner-growth.js'
import type { AttributionReport } from '../report/types.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { faultOfHead, faultOfObservation, faultOfReport } from './record-faults.js'
import type { HistoryObservation, HistoryRecord } from './types.js'
import { upgradeRecord } from './upgrade.js'

/** Written into every line. A later version that only adds fields keeps it. */
export const SCHEMA_VERSION = 1

/** How a line of an observation begins: told apart without parsing it, since there are many. */
export const OBSERVATION_PREFIX = `{"schemaVersion":${String(SCHEMA_VERSION)},"kind":"observation"`

/** First line of a file that takes the place of others. */
export interface MergedHead {
  readonly kind: 'merged'
  readonly replaces: readonly string[]
  /** How far its observations were thinned out, in milliseconds between two. */
  readonly stepMs: number
}

/** The kind of a line. `ignored`: of a kind that this version does not know. */
export type ParsedLine =
  | { readonly kind: 'record'; readonly record: HistoryRecord }
  | { readonly kind: 'head'; readonly head: MergedHead }
  | { readonly kind: 'torn' | 'newer' | 'ignored' }

/** One line, with its newline. Its first fields are always in the same order. */
export function recordLine(record: HistoryRecord | MergedHead): string {
  const { kind, ...rest } = record
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, kind, ...rest })}\n`
}

/** Reads a line; never throws, whatever the line is. */
export function parseLine(text: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'torn' }
  }
  if (!isObject(value)) return { kind: 'torn' }
  const { schemaVersion, kind } = value
  if (typeof schemaVersion !== 'number') return { kind: 'torn' }
  if (schemaVersion > SCHEMA_VERSION) return { kind: 'newer' }
  if (kind === 'merged') return headOf(value)
  if (kind !== 'report' && kind !== 'observation' && kind !== 'calibration') return { kind: 'ignored' }
  return faultOfRecord(value, kind) === null
    ? { kind: 'record', record: upgradeRecord(value as unknown as HistoryRecord) }
    : { kind: 'torn' }
}

function headOf({ replaces, stepMs }: Record<string, unknown>): ParsedLine {
  const isNames = Array.isArray(replaces) && replaces.every((name): name is string => typeof name === 'string')
  return isNames && Number.isFinite(stepMs)
    ? { kind: 'head', head: { kind: 'merged', replaces, stepMs: stepMs as number } }
    : { kind: 'torn' }
}

function faultOfRecord(value: Record<string, unknown>, kind: HistoryRecord['kind']): string | null {
  const body = value[kind]
  const fault = faultOfHead(value)
  if (fault !== null) return fault
  if (kind === 'report') return faultOfReport(body)
  if (kind === 'observation') return faultOfObservation(body)
  return isObject(body) ? null : 'calibration is not an object'
}

/**
 * The line of a record, and the record as it will be read: what is written can be read again.
 *
 * @throws CacheAttributionError `ERR_HISTORY_RECORD`
 */
export function writtenRecord(record: HistoryRecord): { line: string; record: HistoryRecord } {
  let line: string
  try {
    line = recordLine(record)
  } catch (error) {
    throw notKept(record.kind, `it cannot be made JSON: ${messageOf(error)}`)
  }
  const parsed = parseLine(line)
  if (parsed.kind === 'record') return { line, record: parsed.record }
  const fault = faultOfRecord(JSON.parse(line) as Record<string, unknown>, record.kind)
  throw notKept(record.kind, fault ?? 'its JSON is something else')
}

const TAKES = {
  report: 'append() takes what attribute() gives',
  observation: 'appendObservation() takes what observe() gives',
  calibration: 'a calibration is kept as plain JSON',
} as const

function notKept(kind: HistoryRecord['kind'], reason: string): CacheAttributionError {
  return new CacheAttributionError('ERR_HISTORY_RECORD', `${TAKES[kind]}: ${reason}`)
}

/**
 * The part of a report that is kept: what follows from the history is not kept in it.
 *
 * @throws CacheAttributionError `ERR_HISTORY_RECORD`
 */
export function reportOf(report: AttributionReport): AttributionReport {
  return guarded('report', () => {
    const {
      forecast: _forecast,
      floor,
      caches,
      discovery,
      ...rest
    } = isObject(report) ? report : ({} as AttributionReport)
    if (!isObject(floor) || !isObjects(caches)) throw notKept('report', faultOfReport(report) ?? 'its members change')
    const { trend: _trend, owners: _owners, ...bytes } = floor
    return {
      ...rest,
      caches: withoutTrends(caches),
      floor: bytes,
      ...(discovery === undefined ? {} : { discovery: withoutGrowth(discovery) }),
    }
  })
}

function withoutTrends(rows: AttributionReport['caches']): AttributionReport['caches'] {
  return rows.map(({ trend: _trend, ...row }) => row)
}

/**
 * The part of an observation that is kept: what is measured at runs stands in their reports.
 *
 * @throws CacheAttributionError `ERR_HISTORY_RECORD`
 */
export function observationOf(observation: HistoryObservation): HistoryObservation {
  return guarded('observation', () => {
    const { sample, caches } = isObject(observation) ? observation : ({} as HistoryObservation)
    if (!isObject(sample) || !isObjects(caches)) {
      throw notKept('observation', faultOfObservation(observation) ?? 'its members change')
    }
    return {
      sample,
      caches: caches.map(({ name, entries, claimedBytes, estimatedBytes, estimatedUncertaintyBytes }) => ({
        name,
        entries,
        claimedBytes,
        estimatedBytes,
        estimatedUncertaintyBytes,
      })),
    }
  })
}

/** A proxy, or a getter, may throw anything from any access. */
function guarded<T>(kind: HistoryRecord['kind'], make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof CacheAttributionError
      ? error
      : notKept(kind, `it threw when it was read: ${messageOf(error)}`)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject)
}
