/** `cache-attribution diff`: what changed between two reports. */
import path from 'node:path'
import { readHistory } from '../../history/read-history.js'
import { changesBetween, ownerChanges } from '../../report/diff-reports.js'
import type { Change } from '../../report/diff-reports.js'
import { fitLines } from '../../report/fit-lines.js'
import { formatTable, palette } from '../../report/format-table.js'
import { headline } from '../../report/headline.js'
import type { AttributionReport } from '../../report/types.js'
import { CacheAttributionError } from '../../support/errors.js'
import { terminalJson } from '../../support/terminal-text.js'
import { formatBytes, formatCount, printable } from '../../support/units.js'
import { readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'
import { JUDGE_HELP, JUDGE_RULES, judgeGrowth } from '../judge-growth.js'
import { reportFromFile } from '../report-file.js'

const HELP = `Usage: cache-attribution diff A B
       cache-attribution diff --history FOLDER A B

Shows what changed from report A to report B: caches, memory in no cache, and owners that nobody registered, if both
reports have them. A and B are files with the JSON of a report. With a history they are moments (2026-01-31T12:00:00Z),
of which the nearest report is taken, or "first" and "last".

Options:
  --history FOLDER  take the reports from this history
  --json            the changes as JSON
  --check           show for each whether it grew; the exit code is 3 if something did
${JUDGE_HELP}`

const NAME_WIDTH_MAX = 40

const RULES = {
  json: { kind: 'switch' },
  history: { kind: 'text', what: 'a folder' },
  check: { kind: 'switch' },
  ...JUDGE_RULES,
} as const

/** The subcommand. */
export const diffCommand: Command = {
  name: 'diff',
  summary: 'show what changed between two reports, or two moments of a history',
  help: HELP,
  rules: RULES,
  takes: 'file',
  run: async ({ args, cwd, print }) => {
    const { options, operands: rest } = readArguments('diff', args, RULES)
    const [first, second, ...surplus] = rest
    if (first === undefined || second === undefined || surplus.length > 0) {
      throw usageError('"diff" takes two reports, or with --history two moments, the options before them')
    }
    const folder = options.get('history')
    const [before, after] =
      typeof folder === 'string'
        ? await nearestReports(path.resolve(cwd, folder), [momentOf(first), momentOf(second)])
        : await Promise.all([reportFromFile(path.resolve(cwd, first)), reportFromFile(path.resolve(cwd, second))])
    if (options.has('check')) {
      const { code, text } = await judgeGrowth(before, after, options, cwd)
      print(`${text}\n`)
      return { code }
    }
    for (const name of ['tolerance', 'junit']) {
      if (options.has(name)) throw usageError(`"--${name}" is for "--check"`)
    }
    const changes = changesBetween(before, after)
    const owners = ownerChanges(before, after)
    const sentences = headline(after)
    if (options.has('json')) {
      print(
        `${terminalJson({ before: before.startedAt, after: after.startedAt, headline: sentences, changes, owners })}\n`,
      )
    } else {
      const paints = palette()
      const { strong, dim } = paints
      const head = `from ${printable(before.startedAt, 40)} to ${printable(after.startedAt, 40)}`
      const table = formatTable(COLUMNS, changes, paints, ({ change, uncertainty }) =>
        Math.abs(change ?? 0) > (uncertainty ?? 0) ? (text) => text : dim,
      )
      const lines = fitLines([head, ...sentences.map((line) => strong(`after: ${line}`))], paints.width)
      const [nameColumn, ...others] = COLUMNS
      const ownerColumns = [
        { ...nameColumn, title: 'owner', cell: ({ name }: Change) => printable(name, 80) },
        ...others,
      ]
      const ownerTable =
        owners.length === 0
          ? []
          : ['', ...formatTable(ownerColumns, owners, paints, ({ change }) => (change === null ? dim : (text) => text))]
      print(`${[...lines, '', ...table, ...ownerTable].join('\n')}\n`)
    }
    return { code: 0 }
  },
}

const COLUMNS = [
  { title: 'cache', alignsLeft: true, cell: ({ name }: Change) => printable(name, NAME_WIDTH_MAX) },
  { title: 'before', cell: ({ before }: Change) => formatBytes(before) },
  { title: 'after', cell: ({ after }: Change) => formatBytes(after) },
  {
    title: 'change',
    cell: ({ change }: Change) => (change === null ? '–' : `${change > 0 ? '+' : ''}${formatBytes(change)}`),
  },
  { title: '±', cell: ({ uncertainty }: Change) => formatBytes(uncertainty) },
  { title: 'entries before', cell: ({ entriesBefore }: Change) => formatCount(entriesBefore) },
  { title: 'entries after', cell: ({ entriesAfter }: Change) => formatCount(entriesAfter) },
] as const

/** Milliseconds; the ends of time for `first` and `last`. */
function momentOf(text: string): number {
  if (text === 'first') return -Infinity
  if (text === 'last') return Infinity
  const moment = Date.parse(text)
  if (Number.isNaN(moment)) throw usageError(`"${text}" is not a moment: 2026-01-31T12:00:00Z, first, last`)
  return moment
}

/** One pass over the history. */
async function nearestReports(
  folder: string,
  moments: readonly [number, number],
): Promise<[AttributionReport, AttributionReport]> {
  const nearest: ({ report: AttributionReport; atMs: number } | undefined)[] = [undefined, undefined]
  for await (const record of readHistory(folder)) {
    if (record.kind !== 'report') continue
    const atMs = Date.parse(record.at)
    for (const [index, moment] of moments.entries()) {
      const known = nearest[index]
      const isNearer =
        known === undefined ||
        moment === Infinity ||
        (moment !== -Infinity && Math.abs(atMs - moment) < Math.abs(known.atMs - moment))
      if (isNearer) nearest[index] = { report: record.report, atMs }
    }
  }
  const [before, after] = nearest
  if (before === undefined || after === undefined) {
    throw new CacheAttributionError('ERR_HISTORY_FOLDER', `the history in ${folder} has no reports`)
  }
  return [before.report, after.report]
}
