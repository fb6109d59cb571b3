/**
 * Records and their lines.
 *
 * Rule: a line that cannot be understood costs itself only; unknown fields stay; a newer schema is passed over, not guessed at.
 */
import type { AttributionReport } from '../report/types.js'
import type { HistoryObservation, HistoryRecord } from './types.js'

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

/** What a line turned out to be. `ignored`: of a kind that this version does not know. */
export type ParsedLine =
  | { readonly kind: 'record'; readonly record: HistoryRecord }
  | { readonly kind: 'head'; readonly head: MergedHead }
  | { readonly kind: 'torn' | 'newer' | 'ignored' }

/** One line, with its newline. Its first fields are always in the same order. */
export function lineOf(record: HistoryRecord | MergedHead): string {
  const { kind, ...rest } = record
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, kind, ...rest })}\n`
}

/** Reads a line; never throws. */
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
  if (kind === 'merged') {
    const { replaces, stepMs } = value
    return Array.isArray(replaces) && typeof stepMs === 'number'
      ? { kind: 'head', head: { kind, replaces: replaces.map(String), stepMs } }
      : { kind: 'torn' }
  }
  if (kind !== 'report' && kind !== 'observation' && kind !== 'calibration') return { kind: 'ignored' }
  return hasHead(value) && hasBody(value, kind)
    ? { kind: 'record', record: value as unknown as HistoryRecord }
    : { kind: 'torn' }
}

function hasHead({ at, upMs, lifetime }: Record<string, unknown>): boolean {
  return (
    typeof at === 'string' && Number.isFinite(Date.parse(at)) && Number.isFinite(upMs) && typeof lifetime === 'string'
  )
}

function hasBody(value: Record<string, unknown>, kind: HistoryRecord['kind']): boolean {
  const body = value[kind]
  if (!isObject(body)) return false
  if (kind === 'calibration') return true
  return isObject(body['sample'] ?? body['before']) && Array.isArray(body['caches']) && body['caches'].every(isObject)
}

/** The part of an observation that is kept: what is measured at runs stands in their reports. */
export function observationOf({ sample, caches }: HistoryObservation): HistoryObservation {
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
}

/** Whether it is a report, as far as a history needs it to be. */
export function isReport(value: unknown): value is AttributionReport {
  return isObject(value) && isObject(value['before']) && isObject(value['floor']) && Array.isArray(value['caches'])
}

/** Whether it is an observation, as far as a history needs it to be. */
export function isObservation(value: unknown): value is HistoryObservation {
  return isObject(value) && isObject(value['sample']) && Array.isArray(value['caches'])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
