/**
 * Every error and warning of the library, each once: gist, HTTP status, cause and cure. ERROR_CODES, the statuses of answers, the
 * cures on the page and docs/reference/errors.md (`npm run docs:errors`) are made of it.
 */
import { ERRORS_OF_BLACK_BOX } from './black-box.js'
import { ERRORS_OF_CALLS } from './calls.js'
import type { CodeEntry } from './code-entry.js'
import { ERRORS_OF_COMMAND } from './command.js'
import { ERRORS_OF_FLEET } from './fleet.js'
import { ERRORS_OF_HTTP } from './http.js'
import { ERRORS_OF_METRICS } from './metrics.js'
import { ERRORS_OF_ROWS } from './rows.js'
import { ERRORS_OF_TESTING } from './testing.js'
import { ERRORS_OF_TOOLS } from './tools.js'
import { WARNINGS } from './warnings.js'

/** Every error. */
const ERRORS = {
  ...ERRORS_OF_CALLS,
  ...ERRORS_OF_TOOLS,
  ...ERRORS_OF_ROWS,
  ...ERRORS_OF_METRICS,
  ...ERRORS_OF_HTTP,
  ...ERRORS_OF_COMMAND,
  ...ERRORS_OF_TESTING,
  ...ERRORS_OF_FLEET,
  ...ERRORS_OF_BLACK_BOX,
}

export { WARNINGS }

/** A stable code of an error. */
export type ErrorCode = keyof typeof ERRORS
/** A stable code of a warning. */
export type WarningCode = keyof typeof WARNINGS

/** The facts about an error. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, CodeEntry>> = ERRORS

/** The facts about a warning. */
export const WARNING_TABLE: Readonly<Record<WarningCode, CodeEntry>> = WARNINGS

/** Code → gist. */
export function gistsOf<Code extends string>(table: Readonly<Record<Code, CodeEntry>>): Readonly<Record<Code, string>> {
  const gists = Object.entries<CodeEntry>(table).map(([code, { gist }]) => [code, gist])
  return Object.fromEntries(gists) as Record<Code, string>
}
