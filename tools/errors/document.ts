/**
 * docs/reference/errors.md, made of the table of errors and warnings.
 *
 * Rule: pure: the table in, Markdown out; `tools/errors-document.mjs` writes it.
 */
import { ERRORS_OF_BLACK_BOX } from '../../src/support/error-table/black-box.js'
import { ERRORS_OF_CALLS } from '../../src/support/error-table/calls.js'
import type { CodeEntry } from '../../src/support/error-table/code-entry.js'
import { ERRORS_OF_COMMAND } from '../../src/support/error-table/command.js'
import { WARNINGS } from '../../src/support/error-table/error-table.js'
import { ERRORS_OF_FLEET } from '../../src/support/error-table/fleet.js'
import { ERRORS_OF_HTTP } from '../../src/support/error-table/http.js'
import { ERRORS_OF_METRICS } from '../../src/support/error-table/metrics.js'
import { ERRORS_OF_ROWS } from '../../src/support/error-table/rows.js'
import { ERRORS_OF_TESTING } from '../../src/support/error-table/testing.js'
import { ERRORS_OF_TOOLS } from '../../src/support/error-table/tools.js'

interface Group {
  readonly title: string
  readonly introduction?: string
  readonly entries: Readonly<Record<string, CodeEntry>>
}

const GROUPS: readonly Group[] = [
  { title: 'Errors thrown by calls', entries: { ...ERRORS_OF_CALLS, ...ERRORS_OF_TOOLS } },
  {
    title: 'Errors in rows of a report',
    introduction: '`attribute()` does not reject with these: they are in the `error` of a row, and cost that row only.',
    entries: ERRORS_OF_ROWS,
  },
  { title: 'Errors of the metrics', entries: ERRORS_OF_METRICS },
  {
    title: 'Errors of the HTTP endpoint',
    introduction:
      'The problem documents (`application/problem+json`) of [the admin endpoint](http.md) have these as `code`, besides the codes above.',
    entries: ERRORS_OF_HTTP,
  },
  { title: 'Errors of the command', entries: ERRORS_OF_COMMAND },
  { title: 'Errors of tests', entries: ERRORS_OF_TESTING },
  { title: 'Errors of fleets', entries: ERRORS_OF_FLEET },
  { title: 'Errors of black boxes', entries: ERRORS_OF_BLACK_BOX },
  {
    title: 'Warnings',
    introduction:
      'Warnings are in `report.warnings`, each once, and are emitted as the event `warning`. They never fail a run.',
    entries: WARNINGS,
  },
]

/** The whole document. */
export function errorsDocument(): string {
  return [INTRODUCTION, ...GROUPS.map(sectionOf)].join('\n\n')
}

function sectionOf({ title, introduction, entries }: Group): string {
  const parts = Object.entries(entries).map(([code, entry]) => entryOf(code, entry))
  return [`## ${title}`, ...(introduction === undefined ? [] : [introduction]), ...parts].join('\n\n')
}

function entryOf(code: string, { cause, cure, example, status }: CodeEntry): string {
  const http = status === undefined ? '' : `\n- **HTTP status:** ${String(status)}`
  return `### ${code}\n\n- **Cause:** ${cause}\n- **Cure:** ${cure}\n- **Example:** ${example}${http}`
}

const INTRODUCTION = `# Errors and warnings

Errors of this library are \`CacheAttributionError\`s with a stable \`code\`; the message starts with that code. Some codes
are in a report instead: a row's \`error.code\`, or a warning's \`code\`. Codes do not change their meaning; match them, not the words.

\`\`\`ts
import { Coordinator, CacheAttributionError, RunAbortedError } from 'cache-attribution'

const coordinator = new Coordinator()
try {
  await coordinator.attribute({ only: ['thumbnails'], signal: AbortSignal.timeout(5000) })
} catch (error) {
  if (error instanceof RunAbortedError) console.log(error.report.caches)
  else if (error instanceof CacheAttributionError && error.code === 'ERR_CACHE_UNKNOWN') console.log(coordinator.names)
  else throw error
}
\`\`\`

Errors of a caller's own getter, \`environment\` or \`allocator\` are passed on unchanged.

This page is made of \`src/support/error-table/\` (\`npm run docs:errors\`).`
