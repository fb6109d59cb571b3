/** What the file of a grant says, and the clock that it says it by. */
import { readFileSync, readlinkSync } from 'node:fs'
import { isObject } from '../../support/is-object.js'
import { TERM_MAX_MS } from './options.js'

/** The content of a file. */
export interface GrantRecord {
  /** Whose clock `untilMs` is of; null where it cannot be told. */
  readonly clock: string | null
  /** The end of the term by that clock, in milliseconds since the machine was started; null of a grant that was given back. */
  readonly untilMs: number | null
  readonly termMs: number
  readonly pid: number
}

/**
 * The clock that every process of this boot of the machine has in common, also in containers; null where the system has no name for it. Node's
 * monotonic clock is that of a time namespace.
 */
export function sharedClock(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${timeNamespace()}`
  } catch {
    return null
  }
}

/** Linux before 5.6 has one for all. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time')
  } catch {
    return ''
  }
}

/** Null of a text that is no record. */
export function readGrantRecord(text: string): GrantRecord | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(value)) return null
  const { clock, untilMs, termMs, pid } = value as Partial<Record<keyof GrantRecord, unknown>>
  const isClock = clock === null || typeof clock === 'string'
  const isEnd = untilMs === null || typeof untilMs === 'number'
  if (!isClock || !isEnd || typeof termMs !== 'number' || typeof pid !== 'number') return null
  return { clock, untilMs, termMs: Math.min(Math.max(termMs, 0), TERM_MAX_MS), pid }
}
