/**
 * Reads calibrations that come from outside: a file, another process, a request.
 *
 * Rule: every value is checked before any is taken, and nothing is taken that was not asked for.
 */
import { ATTRIBUTION_MODES } from '../report/types.js'
import type { AttributionMode } from '../report/types.js'
import { CacheAttributionError, describe, messageOf } from '../support/errors.js'

/** The findings of one run about one cache. */
export interface CalibrationPoint {
  /** ISO 8601. */
  readonly measuredAt: string
  readonly mode: AttributionMode
  readonly entries: number
  readonly bytesPerEntry: number
  /** Half-width of the 95 % interval around `bytesPerEntry`; null where the run had none. */
  readonly uncertaintyPerEntry: number | null
  /** Measured ÷ claimed bytes; null where the cache claims nothing. */
  readonly measuredPerClaimed: number | null
}

/** The calibrations of a coordinator, as plain JSON. */
export interface CalibrationState {
  readonly schemaVersion: 1
  readonly caches: readonly { readonly name: string; readonly points: readonly CalibrationPoint[] }[]
}

const NAME_LENGTH_MAX = 200
const POINTS_MAX = 1000
const BYTES_MAX = 2 ** 53
const MODES = ATTRIBUTION_MODES.map((mode) => `'${mode}'`).join(', ')

/** A copy of `state`, or `ERR_CALIBRATION_INVALID` with the place of the first thing that is wrong. */
export function parseCalibration(state: unknown, cachesMax: number): CalibrationState {
  try {
    const { schemaVersion, caches } = record(state, 'a calibration')
    if (schemaVersion !== 1) throw invalid('schemaVersion', '1', schemaVersion)
    const list = array(caches, 'caches', cachesMax)
    const names = new Set<string>()
    return {
      schemaVersion: 1,
      caches: list.map((cache, index) => {
        const place = `caches[${String(index)}]`
        const { name, points } = record(cache, place)
        if (typeof name !== 'string' || name.length === 0 || name.length > NAME_LENGTH_MAX || names.has(name)) {
          throw invalid(`${place}.name`, `a string of 1 to ${String(NAME_LENGTH_MAX)} characters, once`, name)
        }
        names.add(name)
        return {
          name,
          points: array(points, `${place}.points`, POINTS_MAX).map((point, at) =>
            parsePoint(point, `${place}.points[${String(at)}]`),
          ),
        }
      }),
    }
  } catch (error) {
    if (error instanceof CacheAttributionError) throw error
    // A getter or a Proxy: no JSON, whatever else it is.
    throw new CacheAttributionError('ERR_CALIBRATION_INVALID', `it cannot be read: ${messageOf(error)}`)
  }
}

function parsePoint(value: unknown, place: string): CalibrationPoint {
  const point = record(value, place)
  const { measuredAt, mode } = point
  if (typeof measuredAt !== 'string' || measuredAt.length > 40 || Number.isNaN(Date.parse(measuredAt))) {
    throw invalid(`${place}.measuredAt`, 'a date in ISO 8601', measuredAt)
  }
  const known = ATTRIBUTION_MODES.find((each) => each === mode)
  if (known === undefined) throw invalid(`${place}.mode`, `one of ${MODES}`, mode)
  const amount = (name: keyof CalibrationPoint, isPositive: boolean): number => {
    const given = point[name]
    if (typeof given === 'number' && given <= BYTES_MAX && (isPositive ? given > 0 : given >= 0)) return given
    throw invalid(`${place}.${name}`, `a number ${isPositive ? '>' : '≥'} 0`, given)
  }
  const orNull = (name: keyof CalibrationPoint): number | null => (point[name] === null ? null : amount(name, false))
  return {
    measuredAt,
    mode: known,
    entries: amount('entries', true),
    bytesPerEntry: amount('bytesPerEntry', true),
    uncertaintyPerEntry: orNull('uncertaintyPerEntry'),
    measuredPerClaimed: orNull('measuredPerClaimed'),
  }
}

function record(value: unknown, place: string): Partial<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(place, 'an object', value)
  return value
}

function array(value: unknown, place: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) {
    throw invalid(place, `an array of at most ${String(most)}`, value)
  }
  return Array.from<unknown>(value)
}

function invalid(place: string, expected: string, got: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_CALIBRATION_INVALID', `${place} must be ${expected}, got ${describe(got)}`)
}
