/** Inspects a cache through its own cheap methods, which may lie, throw or return nonsense: then it is unknown. */
import { types } from 'node:util'
import { describe, messageOf } from '../support/errors.js'
import type { ReportWarning } from '../report/types.js'
import type { RegisteredCache } from './registry.js'

/** A cache's answers about itself. */
export interface Inspection {
  readonly entries: number | null
  readonly claimedBytes: number | null
}

/** Asks both methods; each failure is told to `warn` and gives null. */
export function inspectCache(cache: RegisteredCache, warn: (warning: ReportWarning) => void): Inspection {
  return { entries: askCache(cache, 'entries', warn), claimedBytes: askCache(cache, 'claimedBytes', warn) }
}

/** Asks one method; null where the cache has none, does not know, or failed. */
export function askCache(
  cache: RegisteredCache,
  method: 'entries' | 'claimedBytes',
  warn: (warning: ReportWarning) => void,
): number | null {
  const { releasable } = cache
  if (releasable[method] === undefined) return null
  let problem: string
  try {
    const value: unknown = releasable[method]()
    if (value === null) return null
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) {
      if (value > 0) cache.hadEntries = true
      return value
    }
    problem = `returned ${describe(value)}`
    // An asynchronous method is refused, but what it rejects with must not end the process as unhandled.
    if (types.isPromise(value)) value.catch(() => undefined)
  } catch (error) {
    problem = `threw: ${messageOf(error)}`
  }
  warn({
    code: 'WARN_CACHE_METHOD',
    message: `${method}() of ${JSON.stringify(cache.name)} ${problem}`,
    cache: cache.name,
  })
  return null
}
