/**
 * Options: checked once, resolved into a complete read-only object, every refusal saying what was expected and what came.
 *
 * Rule: unknown keys are refused with the nearest known name; `undefined` means "not given" and takes the default;
 * the caller's object is never changed, and nothing is taken from its prototype.
 */
import { CacheAttributionError, describe } from './errors.js'

/** Checks one value; returns what is to be used, or throws ERR_OPTION_TYPE / ERR_OPTION_RANGE. */
export type Check<T> = (value: unknown, name: string) => T

/** One option: its check, and the default where it may be left out. */
export interface OptionRule<T> {
  readonly check: Check<T>
  readonly fallback: T
}

/** The rules of one options object. */
export type OptionRules<T> = { readonly [K in keyof T]: OptionRule<T[K]> }

/** Checks `given` against `rules` and fills in the defaults. `owner` stands in error texts, e.g. `attribute()`. */
export function resolveOptions<T extends object>(owner: string, given: unknown, rules: OptionRules<T>): Readonly<T> {
  if (given === undefined) given = {}
  if (!isPlainObject(given)) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `the options of ${owner} must be a plain object, got ${describe(given)}`,
    )
  }
  const known = Object.keys(rules)
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw unknownOption(owner, key, known)
  }
  const resolved: Record<string, unknown> = {}
  for (const key of known) {
    const rule = rules[key as keyof T]
    const value = Object.hasOwn(given, key) ? given[key] : undefined
    resolved[key] = value === undefined ? rule.fallback : rule.check(value, key)
  }
  return Object.freeze(resolved) as Readonly<T>
}

/**
 * An object literal, of any realm. A Set of names or an AbortSignal in place of the options has no option of its own:
 * it would pass for "everything by default".
 */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function unknownOption(owner: string, key: string, known: readonly string[]): CacheAttributionError {
  const nearest = nearestName(key, known)
  const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
  return new CacheAttributionError('ERR_OPTION_UNKNOWN', `${owner} has no option ${describe(key)}: ${hint}`)
}

/** The known name within a third of its length in edits, or undefined. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 100) return undefined
  let best: string | undefined
  let bestDistance = Infinity
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best !== undefined && bestDistance <= Math.max(2, best.length / 3) ? best : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function wrongType(name: string, expected: string, value: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be ${expected}, got ${describe(value)}`)
}

function outOfRange(name: string, expected: string, value: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_OPTION_RANGE', `"${name}" must be ${expected}, got ${describe(value)}`)
}

/** A finite number within [min, max]; `Infinity` only where max is Infinity and `unbounded` is set. */
export function number(bounds: { min: number; max?: number; integer?: boolean; unbounded?: boolean }): Check<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, integer = false, unbounded = false } = bounds
  const limit = max === Number.MAX_SAFE_INTEGER ? '' : ` and ≤ ${String(max)}`
  const expected = `${integer ? 'an integer' : 'a number'} ≥ ${String(min)}${limit}`
  return (value, name) => {
    if (typeof value !== 'number') throw wrongType(name, expected, value)
    if (unbounded && value === Infinity) return value
    if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
      throw outOfRange(name, expected, value)
    }
    return value
  }
}

/** One of the given strings. */
export function oneOf<T extends string>(...allowed: readonly T[]): Check<T> {
  const expected = `one of ${allowed.map((value) => `'${value}'`).join(', ')}`
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, expected, value)
    if (!(allowed as readonly string[]).includes(value)) throw outOfRange(name, expected, value)
    return value as T
  }
}

/** true or false. */
export const boolean: Check<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
  return value
}

/** A string of 1 … maxLength UTF-16 units. */
export function text(maxLength: number): Check<string> {
  const expected = `a string of 1 to ${String(maxLength)} characters`
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, expected, value)
    if (value.length === 0 || value.length > maxLength) {
      throw outOfRange(name, expected, value.length === 0 ? value : `${value.slice(0, 20)}…`)
    }
    return value
  }
}

/** An array of distinct strings; copied. */
export const names: Check<readonly string[]> = (value, name) => {
  if (!Array.isArray(value)) throw wrongType(name, 'an array of cache names', value)
  const seen = new Set<string>()
  for (const entry of value as unknown[]) {
    if (typeof entry !== 'string') throw wrongType(name, 'an array of strings', entry)
    if (seen.has(entry)) throw outOfRange(name, 'an array without repetitions', entry)
    seen.add(entry)
  }
  return Object.freeze([...seen])
}

/** An object for which `test` holds, e.g. an AbortSignal. */
export function shaped<T>(expected: string, test: (value: object) => boolean): Check<T> {
  return (value, name) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !test(value)) {
      throw wrongType(name, expected, value)
    }
    return value as T
  }
}

/** A function. */
export const callable: Check<(...values: never[]) => unknown> = (value, name) => {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value)
  return value as (...values: never[]) => unknown
}

/** An AbortSignal, of any realm. */
export const abortSignal = shaped<AbortSignal>('an AbortSignal', (value) => {
  const { aborted, addEventListener, removeEventListener } = value as Partial<Record<keyof AbortSignal, unknown>>
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  )
})

/** The check, or undefined for an option without a default. */
export function optional<T>(check: Check<T>): OptionRule<T | undefined> {
  return { check, fallback: undefined }
}
