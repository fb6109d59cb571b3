/**
 * The members that a report and an observation must have to be kept and read: those that this library uses.
 *
 * Rule: one description for writing and for reading. Members that later versions added are optional, unknown ones are let be.
 */

import type { AttributionReport } from '../report/types.js'
import { describe } from '../support/errors.js'
import type { HistoryObservation } from './types.js'

/** The fault of a value, beginning with where; null where there is none. */
type Check = (value: unknown, where: string) => string | null

function check(what: string, holds: (value: unknown) => boolean): Check {
  return (value, where) => (holds(value) ? null : fault(value, where, what))
}

function fault(value: unknown, where: string, what: string): string {
  if (where === '') return `got ${describe(value)}`
  return `${where} ${value === undefined ? 'is missing' : `is not ${what}, got ${describe(value)}`}`
}

const text = check('text', (value) => typeof value === 'string')
const number = check('a number', Number.isFinite)
const boolean = check('true or false', (value) => typeof value === 'boolean')
const known = (inner: Check): Check => {
  return (value, where) => (value === null ? null : inner(value, where))
}
const optional = (inner: Check): Check => {
  return (value, where) => (value === undefined ? null : inner(value, where))
}
const numberOrNull = known(number)

/** ISO 8601, or whatever else is a moment for `Date.parse()`. */
const moment = check('a moment', (value) => typeof value === 'string' && Number.isFinite(Date.parse(value)))

function object(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members)
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault(value, where, 'an object')
    for (const [name, inner] of checks) {
      const found = inner((value as Record<string, unknown>)[name], where === '' ? name : `${where}.${name}`)
      if (found !== null) return found
    }
    return null
  }
}

function list(inner: Check): Check {
  return (value, where) => {
    if (!Array.isArray(value)) return fault(value, where, 'a list')
    for (let index = 0; index < value.length; index++) {
      const found = inner(value[index], `${where}[${String(index)}]`)
      if (found !== null) return found
    }
    return null
  }
}

const SAMPLE = object({
  allocatedBytes: numberOrNull,
  heapUsedBytes: number,
  mappedBytes: optional(numberOrNull),
  rssBytes: number,
  takenAt: moment,
})
const ATTRIBUTED = object({
  allocatedBytes: numberOrNull,
  heapBytes: numberOrNull,
  mappedBytes: optional(numberOrNull),
  totalBytes: numberOrNull,
})

const ROW = object({
  name: text,
  status: text,
  released: ATTRIBUTED,
  uncertaintyBytes: numberOrNull,
  significant: boolean,
  returned: optional(known(object({ residentBytes: number, uncertaintyBytes: numberOrNull }))),
  estimated: optional(ATTRIBUTED),
  estimatedUncertaintyBytes: optional(numberOrNull),
  entriesBefore: numberOrNull,
  entriesAfter: numberOrNull,
  claimedBytes: numberOrNull,
  pauseMs: number,
})

const REPORT = object({
  id: text,
  trigger: text,
  mode: text,
  startedAt: moment,
  durationMs: number,
  process: object({
    pid: number,
    nodeVersion: text,
    allocator: object({ name: text, version: known(text) }),
  }),
  before: SAMPLE,
  after: SAMPLE,
  noise: object({
    controls: number,
    allocatedBytes: numberOrNull,
    heapBytes: numberOrNull,
    mappedBytes: optional(numberOrNull),
  }),
  caches: list(ROW),
  unattributed: object({ allocatedBytes: numberOrNull, heapBytes: number, mappedBytes: optional(numberOrNull) }),
  floor: object({ allocatedBytes: numberOrNull, heapBytes: number, mappedBytes: optional(numberOrNull) }),
  pauses: object({ count: number, longestMs: number, totalMs: number }),
  warnings: list(object({ code: text, message: text })),
})

const OBSERVATION = object({
  sample: SAMPLE,
  caches: list(
    object({
      name: text,
      entries: numberOrNull,
      claimedBytes: numberOrNull,
      estimatedBytes: numberOrNull,
      estimatedUncertaintyBytes: optional(numberOrNull),
    }),
  ),
})

/** Longest span of a `Date` in milliseconds: beyond it no figure is a time. */
const TIME_MAX_MS = 8.64e15

const HEAD = object({
  at: moment,
  upMs: check('a time in milliseconds', (value) => Number.isFinite(value) && Math.abs(value as number) <= TIME_MAX_MS),
  lifetime: text,
})

/** Why a value is no report, e.g. `floor.heapBytes is missing`; null where it is one. */
export function faultOfReport(value: unknown): string | null {
  return REPORT(value, '')
}

/** Why a value is no observation; null where it is one. */
export function faultOfObservation(value: unknown): string | null {
  return OBSERVATION(value, '')
}

/** Whether it is a report, as far as this library reads one. */
export function isReport(value: unknown): value is AttributionReport {
  return faultOfReport(value) === null
}

/** Whether it is an observation, as far as this library reads one. */
export function isObservation(value: unknown): value is HistoryObservation {
  return faultOfObservation(value) === null
}

/** Why a record's time and origin cannot be known; null where they can. */
export function faultOfHead(value: unknown): string | null {
  return HEAD(value, '')
}
