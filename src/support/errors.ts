/**
 * The error classes of the library, and the text of whatever is thrown.
 *
 * Rule: whatever the library throws on purpose is a {@link CacheAttributionError} with a code of {@link ERROR_CODES};
 * error-table/ says of each its cause and cure.
 */
import { ERROR_TABLE, WARNING_TABLE, gistsOf } from './error-table/error-table.js'
import type { ErrorCode, WarningCode } from './error-table/error-table.js'

export type { ErrorCode, WarningCode } from './error-table/error-table.js'

/** The fault of each error code in a few words, by code. docs/reference/errors.md has cause and cure. */
export const ERROR_CODES: Readonly<Record<ErrorCode, string>> = gistsOf(ERROR_TABLE)

/** The meaning of each warning code in a few words, by code. docs/reference/errors.md has cause and cure. */
export const WARNING_CODES: Readonly<Record<WarningCode, string>> = gistsOf(WARNING_TABLE)

/**
 * The error class of the library. `message` starts with the code; `code` is stable.
 *
 * @example
 * try { await coordinator.attribute({ only: ['typo'] }) }
 * catch (error) { if (error instanceof CacheAttributionError && error.code === 'ERR_CACHE_UNKNOWN') … }
 */
export class CacheAttributionError extends Error {
  override readonly name = 'CacheAttributionError'
  readonly code: ErrorCode
  /** The message without the code. */
  readonly reason: string

  constructor(code: ErrorCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
    this.reason = reason
  }
}

/**
 * The code of one of this library's errors; null of anything else. Another copy of this package in the process has a class of its
 * own, whose errors are known by their name.
 */
export function codeOf(thrown: unknown): ErrorCode | null {
  try {
    if (thrown instanceof CacheAttributionError) return thrown.code
    const { name, code } = thrown as { readonly name?: unknown; readonly code?: unknown }
    const isOurs = thrown instanceof Error && name === 'CacheAttributionError' && typeof code === 'string'
    return isOurs && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : null
  } catch {
    return null
  }
}

/** The text of anything that was thrown, for where its code is shown beside it; never throws. */
export function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown)
  if (code === null) return messageOf(thrown)
  const { reason } = thrown as { readonly reason?: unknown }
  // An older copy has no such member.
  return typeof reason === 'string' ? reason : messageOf(thrown).replace(`${code}: `, '')
}

/** A failed call of jemalloc's `mallctl` (`ERR_MALLCTL`), with the key and the errno that jemalloc returned. */
export class MallctlError extends CacheAttributionError {
  /** The mallctl key, e.g. `stats.allocated`. */
  readonly key: string
  /** The errno's name, e.g. `ENOENT`. */
  readonly errno: string

  constructor(operation: 'reading' | 'writing' | 'calling', key: string, errno: string, hint?: string) {
    super('ERR_MALLCTL', `${operation} "${key}" failed: ${errno}${hint === undefined ? '' : ` (${hint})`}`)
    this.key = key
    this.errno = errno
  }
}

/** The text of anything that was thrown: an Error's message, or the value itself; never throws. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      // A subclass may make anything of its message.
      const message: unknown = thrown.message
      return typeof message === 'string' ? message : describe(message)
    }
    return typeof thrown === 'string' ? thrown : `${describe(thrown)} was thrown, which is not an Error`
  } catch {
    return 'something that cannot be shown was thrown'
  }
}

/** A value and its type as error texts show them: `-5 (number)`, `"x" (string)`, `null`. Never throws, never long. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const type = typeof value
  if (type === 'object') return describeObject(value)
  if (type === 'function') return 'a function'
  const text = type === 'string' ? JSON.stringify(value) : (value as number | bigint | boolean | symbol).toString()
  return `${text.length > 60 ? `${text.slice(0, 59)}…` : text} (${type})`
}

/** A proxy may throw from any access; a revoked one does not even show whether it is an array. */
function describeObject(value: unknown): string {
  try {
    return Array.isArray(value) ? `an array of ${String(value.length)}` : 'an object'
  } catch {
    return 'an object'
  }
}

/** Hears of errors where nobody else wants to. */
export function warnOfError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : describe(error))
}
