/**
 * The frames of a twin: one line for each, under a secret that its parent made for this twin and a running number.
 *
 * Rule: what runs in a twin may write to any descriptor, the pipe's too. A line that is forged, repeated or torn is no frame.
 */
import { randomBytes } from 'node:crypto'
import { CacheAttributionError, messageOf } from '../support/errors.js'

// Taken at import: what a service puts in their place later, or a release in the twin, is not asked.
const { parse, stringify } = JSON

/** A frame from the child. */
export type TwinFrame =
  | {
      readonly kind: 'message'
      readonly message: unknown
      readonly allowMs?: number
      /** Processor time that the twin had used by then: the next stretch counts from here. */
      readonly cpuMs: number
    }
  | { readonly kind: 'result'; readonly value: unknown; readonly copiedBytes: number | null }
  | { readonly kind: 'thrown'; readonly code: 'ERR_TWIN_THROWN' | 'ERR_TWIN_RESULT'; readonly message: string }

/** A secret for one twin. */
export function frameSecret(): string {
  return randomBytes(16).toString('hex')
}

/** Writes frames. @throws CacheAttributionError `ERR_TWIN_RESULT` where a frame is no JSON; nothing is written then */
export function frameWriter(secret: string, write: (line: string) => void): (frame: TwinFrame) => void {
  let number = 0
  return (frame) => {
    let text: string
    try {
      text = stringify(frame)
    } catch (error) {
      throw new CacheAttributionError('ERR_TWIN_RESULT', `it cannot be written as JSON: ${messageOf(error)}`)
    }
    write(`${secret} ${String(number++)} ${text}\n`)
  }
}

/** Reads frames, line by line; null of a line that is none of this twin's, or not its next. */
export function frameReader(secret: string): (line: string) => TwinFrame | null {
  let number = 0
  return (line) => {
    const head = `${secret} ${String(number)} `
    if (!line.startsWith(head)) return null
    number++
    let value: unknown
    try {
      value = parse(line.slice(head.length))
    } catch {
      return null
    }
    if (typeof value !== 'object' || value === null) return null
    return isFrame(value) ? (value as TwinFrame) : null
  }
}

function isFrame({ kind, cpuMs, allowMs, copiedBytes, code, message }: Partial<Record<string, unknown>>): boolean {
  switch (kind) {
    case 'message':
      return Number.isFinite(cpuMs) && (allowMs === undefined || Number.isFinite(allowMs))
    case 'result':
      return copiedBytes === null || Number.isFinite(copiedBytes)
    case 'thrown':
      return (code === 'ERR_TWIN_THROWN' || code === 'ERR_TWIN_RESULT') && typeof message === 'string'
    default:
      return false
  }
}
