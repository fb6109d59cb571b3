/** Checks of options that the handlers of this folder share. */
import { CacheAttributionError, describe } from '../../support/errors.js'
import { text } from '../../support/options.js'
import type { Check } from '../../support/options.js'

/** The prefix of paths; without the slash at its end, empty for the root. */
export const pathOption: Check<string> = (value, name) => {
  const path = text(1000)(value, name)
  // A segment of which a URL would make another path could never be asked for.
  const isPlain = path.startsWith('/') && !path.includes('//')
  if (!isPlain || !/^[^?#\\]*$/.test(path) || new URL(`http://h${path}`).pathname !== path) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"${name}" must be a path such as "/debug/memory", got ${describe(path)}`,
    )
  }
  return path.replace(/\/$/, '')
}

/** An origin as browsers write it. */
export const origin: Check<string> = (value, name) => {
  const given = text(1000)(value, name)
  if (!URL.canParse(given) || new URL(given).origin !== given) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"${name}" must be origins such as "https://ops.example.com", got ${describe(given)}`,
    )
  }
  return given
}

/** An array whose parts pass `check`; copied. */
export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value))
      throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be an array, got ${describe(value)}`)
    return Object.freeze((value as unknown[]).map((entry) => check(entry, name)))
  }
}
