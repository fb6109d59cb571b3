/**
 * A verdict on two reports for continuous integration: what grew, one line for each cache, and the same as JUnit's XML.
 *
 * Rule: the exit code is 3 where something grew, as that of `history`.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Change } from '../report/diff-reports.js'
import { changesBetween, ownerChanges } from '../report/diff-reports.js'
import { isGrowth } from '../report/grown-changes.js'
import type { AttributionReport } from '../report/types.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { formatBytes, formatShare, printable } from '../support/units.js'
import type { Arguments } from './arguments.js'

/** Options of the commands that judge. */
export const JUDGE_RULES = {
  tolerance: { kind: 'count', min: 0, max: 100_000 },
  junit: { kind: 'text', what: 'a file' },
} as const

/** Lines of their help. */
export const JUDGE_HELP = `  --tolerance N     percent by which something may be larger than before (default 10)
  --junit FILE      also write the verdict to FILE, as JUnit's XML
`

const TOLERANCE_PERCENT = 10
const GROWS_CODE = 3

/** One thing that was compared. */
interface Judged {
  readonly kind: 'cache' | 'owner'
  readonly change: Change
  readonly hasGrown: boolean
}

/** The verdict. */
export interface Judgement {
  readonly code: number
  /** `ok` or `grown` in front of each, and a sum. */
  readonly text: string
}

/** Compares, and writes the file of `--junit`. @throws CacheAttributionError `ERR_JUNIT_WRITE` */
export async function judgeGrowth(
  before: AttributionReport,
  after: AttributionReport,
  options: Arguments['options'],
  cwd: string,
): Promise<Judgement> {
  const tolerance = Number(options.get('tolerance') ?? TOLERANCE_PERCENT) / 100
  const judged = [
    ...changesBetween(before, after).map((change): Judged => judge('cache', change, tolerance)),
    ...ownerChanges(before, after).map((change): Judged => judge('owner', change, tolerance)),
  ]
  const junit = options.get('junit')
  if (typeof junit === 'string') await write(path.resolve(cwd, junit), junitText(judged, after))
  const grown = judged.filter(({ hasGrown }) => hasGrown).length
  const lines = judged.map((each) => `${each.hasGrown ? 'grown' : 'ok   '} ${sentenceOf(each)}`)
  const sum = `${String(grown)} of ${String(judged.length)} grew by more than ${formatShare(tolerance, 1)} and their ±`
  return { code: grown === 0 ? 0 : GROWS_CODE, text: [...lines, sum].join('\n') }
}

function judge(kind: Judged['kind'], change: Change, tolerance: number): Judged {
  return { kind, change, hasGrown: isGrowth(change, tolerance) }
}

function sentenceOf({ kind, change: { name, before, after, change, uncertainty } }: Judged): string {
  const named = `${kind} ${printable(name, 100)}`
  if (change === null) return `${named}: ${formatBytes(before)} before, ${formatBytes(after)} now, not compared`
  const error = uncertainty === null ? '' : ` ± ${formatBytes(uncertainty)}`
  return `${named}: ${formatBytes(before)} before, ${formatBytes(after)} now (${change > 0 ? '+' : ''}${formatBytes(change)}${error})`
}

function junitText(judged: readonly Judged[], { startedAt, durationMs }: AttributionReport): string {
  const cases = judged.map((each) => {
    const { kind, change, hasGrown } = each
    const head = `    <testcase classname="${kind}" name="${escaped(printable(change.name, 200))}"`
    if (!hasGrown) return change.change === null ? `${head}>\n      <skipped/>\n    </testcase>` : `${head}/>`
    return `${head}>\n      <failure message="${escaped(sentenceOf(each))}"/>\n    </testcase>`
  })
  const count = (has: (each: Judged) => boolean): string => String(judged.filter(has).length)
  const facts = `tests="${String(judged.length)}" failures="${count(({ hasGrown }) => hasGrown)}" skipped="${count(({ change }) => change.change === null)}"`
  const when = `timestamp="${escaped(printable(startedAt, 40))}" time="${(durationMs / 1000).toFixed(3)}"`
  const suite = `  <testsuite name="memory" ${facts} ${when}>\n${cases.join('\n')}\n  </testsuite>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suite}\n</testsuites>\n`
}

/** Control characters have gone before. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    throw new CacheAttributionError('ERR_JUNIT_WRITE', `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
