/** The result of a discovery whose twin ended before it was complete. Pure. */
import type { Discovery } from '../../report/discovery/types.js'
import type { ReportWarning } from '../../report/types.js'
import { CacheAttributionError } from '../../support/errors.js'

/** Of what is told when the heap was walked, for the case that emptying ends the twin. */
export const UNMEASURED: ReportWarning = {
  code: 'WARN_OWNERS_UNMEASURED',
  message: 'the twin ended while owners were emptied: all figures are those of the graph',
}

const ENDED: ReadonlySet<string> = new Set(['ERR_TWIN_CRASHED', 'ERR_TWIN_STUCK', 'ERR_TWIN_OVERTIME'])

/** How a budget ended the twin: as an error where nothing is known, and as a warning where the walk is. Null: it did not. */
export interface BudgetEnd {
  readonly ended: CacheAttributionError | null
  readonly warning: ReportWarning | null
}

/**
 * A figure of the graph does not go with what emptying did to a twin, nor with its budget.
 *
 * @param early what was known when the heap had been walked; undefined before
 * @throws unknown `error`, or that of the budget, where nothing is known or the caller gave up
 */
export function knownBefore(error: unknown, early: Discovery | undefined, { ended, warning }: BudgetEnd): Discovery {
  const code = error instanceof CacheAttributionError ? error.code : null
  if (code === 'ERR_RUN_ABORTED' && ended !== null) {
    if (early === undefined || early.live === null || warning === null) throw ended
    return { ...early, warnings: [...early.warnings.filter((each) => each.code !== UNMEASURED.code), warning] }
  }
  if (early !== undefined && code !== null && ENDED.has(code)) return early
  throw error
}
