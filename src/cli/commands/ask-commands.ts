/** The subcommands that ask a process, or an admin endpoint, for one thing. */
import { closeSync, openSync, rmSync } from 'node:fs'
import path from 'node:path'
import { breakdownOfProcess } from '../../breakdown/index.js'
import { formatBreakdown } from '../../report/breakdown/format-breakdown.js'
import { formatDiscovery } from '../../report/discovery/format-discovery.js'
import { formatReport } from '../../report/format-report.js'
import type { AttributionReport } from '../../report/types.js'
import { CacheAttributionError, codeOf, messageOf, reasonOf } from '../../support/errors.js'
import { terminalJson } from '../../support/terminal-text.js'
import { formatBytes } from '../../support/units.js'
import { formatThreads } from '../../threads/format-threads.js'
import { formatHistogram } from '../../twin/heap-snapshot/format-histogram.js'
import { readTargeted, usageError } from '../arguments.js'
import type { ArgumentRule, Arguments } from '../arguments.js'
import { targetOf, withAnswerer } from '../ask/open-answerer.js'
import type { Answerer } from '../ask/answerer.js'
import { BUDGET_HELP, DISCOVER_RULES, discoverQuestion } from '../ask/discover-question.js'
import type { Command, CommandContext } from '../command.js'
import { JUDGE_HELP, JUDGE_RULES, judgeGrowth } from '../judge-growth.js'
import type { Judgement } from '../judge-growth.js'
import { reportFromFile } from '../report-file.js'

const TARGET_HELP = `PID is a running Node process, which need not be prepared ("attach --help" says what is done to it). URL is the
admin endpoint of a service, for instance http://127.0.0.1:8080/debug/memory.`

const ENVIRONMENT_HELP = `Environment:
  CACHE_ATTRIBUTION_TOKEN  sent to an admin endpoint as a bearer token`

type Judge<T> = (answer: T) => Promise<Judgement>

interface Question<T> {
  readonly name: string
  readonly summary: string
  /** The output that it shows, for the help. */
  readonly about: string
  readonly rules: Readonly<Record<string, ArgumentRule>>
  /** Lines of the help on the options. */
  readonly optionsHelp?: string
  readonly ask: (answerer: Answerer, options: Arguments['options']) => Promise<T>
  readonly format: (answer: T) => string
  /** The part of an answer that is its JSON. @default all of it */
  readonly json?: (answer: T) => unknown
  /** Refuses options before anything is asked, and gives what judges the answer; null where nothing is to be judged. */
  readonly judge?: (options: Arguments['options'], context: CommandContext) => Promise<Judge<T> | null>
}

const JSON_SWITCH = { json: { kind: 'switch' } } as const
const BREAKDOWN_RULES = { mappings: { kind: 'switch' }, ...JSON_SWITCH } as const
const SNAPSHOT_RULES = { output: { kind: 'text', what: 'a file', short: 'o' } } as const

/** `discover` */
export const discoverCommand: Command = question({
  name: 'discover',
  summary: 'show the largest owners of live memory in a running process',
  about:
    'Shows the largest owners of live memory, each by the path that reaches it, measured in a copy of the process.',
  rules: DISCOVER_RULES,
  optionsHelp: `  --limit N  owners to list (default 10)\n${BUDGET_HELP}`,
  ask: (answerer, options) => answerer.discover(discoverQuestion(options)),
  format: (discovery) => formatDiscovery(discovery),
})

/** `attribute` */
export const attributeCommand: Command = question({
  name: 'attribute',
  summary: 'measure the registered caches of a running process',
  about:
    'Measures the memory of each registered cache in a copy of the process, which keeps every entry. A process without\nregistered caches is measured as a whole: "discover" names its owners.',
  rules: { threads: { kind: 'switch' }, compare: { kind: 'text', what: 'a file' }, ...JUDGE_RULES },
  optionsHelp: `  --threads  the caches of all threads in one report, where the process has an admin endpoint
  --compare FILE    show what grew since the report in FILE (--json of an earlier run); the exit code is 3 if something
                    did
${JUDGE_HELP}`,
  judge: judgeAgainstBaseline,
  ask: async (answerer, options) =>
    options.has('threads') ? answerer.attributeThreads() : { reports: await answerer.attribute() },
  format: (answer) =>
    'reports' in answer ? answer.reports.map((report) => formatReport(report)).join('\n\n') : formatThreads(answer),
  json: (answer) => {
    if (!('reports' in answer)) return answer
    return answer.reports.length === 1 ? answer.reports[0] : answer.reports
  },
})

/** `histogram` */
export const histogramCommand: Command = question({
  name: 'histogram',
  summary: 'count the live objects of a running process by class',
  about:
    'Counts live objects by class in a copy of the process, with the bytes of each class and the bytes that it keeps alive.',
  rules: { limit: { kind: 'count', min: 1, max: 100_000 } },
  optionsHelp: '  --limit N  classes to list (default 50)\n',
  ask: (answerer, options) => answerer.histogram(limitOf(options)),
  format: (counted) => formatHistogram(counted),
})

/** `breakdown` */
export const breakdownCommand: Command = {
  name: 'breakdown',
  summary: 'show where all of the memory of a running process is',
  help: `Usage: cache-attribution breakdown [--json] [--mappings] PID|URL

Shows where the resident memory of a running Node process is: V8's heap, the allocator, stacks, libraries, files, shared
memory, and how much of it is live or free.
${TARGET_HELP}

Options:
  --mappings  of a PID: read its mappings alone (/proc/PID/smaps). Nothing is loaded into the process, and live and free
              memory are not divided
  --json      the same as JSON

${ENVIRONMENT_HELP}
`,
  rules: BREAKDOWN_RULES,
  takes: 'process',
  run: async (context) => {
    const { options, target } = readTargeted('breakdown', context.args, BREAKDOWN_RULES)
    const where = targetOf('breakdown', target)
    const show = (tree: NonNullable<Awaited<ReturnType<Answerer['breakdown']>>>): void => {
      context.print(`${options.has('json') ? terminalJson(tree) : formatBreakdown(tree)}\n`)
    }
    if (options.has('mappings')) {
      if (!('pid' in where)) throw usageError('"--mappings" is for the id of a process')
      show(breakdownOfProcess(where.pid))
    } else {
      const tree = await withAnswerer(context, where, (answerer) => answerer.breakdown()).catch(withMappings)
      if (tree === null) throw new CacheAttributionError('ERR_BREAKDOWN_UNAVAILABLE', 'the system does not show it')
      show(tree)
    }
    return { code: 0 }
  },
}

/** `heap-snapshot` */
export const heapSnapshotCommand: Command = {
  name: 'heap-snapshot',
  summary: 'write a heap snapshot of a running process, without stopping it',
  help: `Usage: cache-attribution heap-snapshot PID|URL --output FILE

Writes a heap snapshot for Chromium's DevTools. A copy of the process makes it: the process itself pauses for the fork
alone.
${TARGET_HELP}

Options:
  --output FILE, -o FILE  a new file (mode 0600: it holds every string of the process)

${ENVIRONMENT_HELP}
`,
  rules: SNAPSHOT_RULES,
  takes: 'process',
  run: async (context) => {
    const { options, target } = readTargeted('heap-snapshot', context.args, SNAPSHOT_RULES)
    const output = options.get('output')
    if (typeof output !== 'string') throw usageError('"heap-snapshot" needs "--output FILE"')
    const where = targetOf('heap-snapshot', target)
    const bytes = await intoNewFile(path.resolve(context.cwd, output), (file) =>
      withAnswerer(context, where, (answerer) => answerer.heapSnapshot(file)),
    )
    context.log(`${output}: ${formatBytes(bytes)}`)
    return { code: 0 }
  },
}

function question<T>({
  name,
  summary,
  about,
  rules,
  optionsHelp = '',
  ask,
  format,
  json = (answer) => answer,
  judge,
}: Question<T>): Command {
  return {
    name,
    summary,
    help: `Usage: cache-attribution ${name} [options] PID|URL

${about}
${TARGET_HELP}

Options:
${optionsHelp}  --json     the same as JSON

${ENVIRONMENT_HELP}
`,
    rules: { ...rules, ...JSON_SWITCH },
    takes: 'process',
    run: async (context: CommandContext) => {
      const { options, target } = readTargeted(name, context.args, { ...rules, ...JSON_SWITCH })
      const verdictOf = (await judge?.(options, context)) ?? null
      const answer = await withAnswerer(context, targetOf(name, target), (answerer) => ask(answerer, options))
      const verdict = (await verdictOf?.(answer)) ?? null
      const below = verdict === null ? '' : `\n${verdict.text}\n`
      context.print(options.has('json') ? `${terminalJson(json(answer))}\n` : `${format(answer)}\n${below}`)
      return { code: verdict?.code ?? 0 }
    },
  }
}

/** The baseline is read first: a file that is missing must not cost a run. */
async function judgeAgainstBaseline(
  options: Arguments['options'],
  { cwd }: CommandContext,
): Promise<Judge<object> | null> {
  const file = options.get('compare')
  if (typeof file !== 'string') {
    for (const name of ['tolerance', 'junit']) {
      if (options.has(name)) throw usageError(`"--${name}" is for "--compare FILE"`)
    }
    return null
  }
  if (options.has('threads')) throw usageError('"--compare" is for one thread, not for "--threads"')
  const baseline = await reportFromFile(path.resolve(cwd, file))
  return async (answer) => {
    const [report, ...others] = 'reports' in answer ? (answer.reports as readonly AttributionReport[]) : []
    if (report !== undefined && others.length === 0) return judgeGrowth(baseline, report, options, cwd)
    throw usageError(
      '"--compare" is for a process with one coordinator: take reports with --json, and compare them with "diff"',
    )
  }
}

/** An obstacle to an attach keeps nobody from reading mappings, unless there is none to read. */
function withMappings(error: unknown): never {
  const code = codeOf(error)
  const isReadable = code?.startsWith('ERR_ATTACH_') === true && !UNREADABLE.has(code)
  if (code === null || !isReadable) throw error
  throw new CacheAttributionError(code, `${reasonOf(error)}; "breakdown --mappings" shows its memory all the same`, {
    cause: error,
  })
}

const UNREADABLE: ReadonlySet<string> = new Set(['ERR_ATTACH_NO_PROCESS', 'ERR_ATTACH_OTHER_USER'])

function limitOf(options: Arguments['options']): { readonly limit?: number } {
  const limit = options.get('limit')
  return limit === undefined ? {} : { limit: Number(limit) }
}

/** A file that was written in part is removed where it fails. */
async function intoNewFile<T>(file: string, write: (descriptor: number) => Promise<T>): Promise<T> {
  let descriptor: number
  try {
    descriptor = openSync(file, 'wx', 0o600)
  } catch (error) {
    throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', `the file cannot be made: ${messageOf(error)}`, {
      cause: error,
    })
  }
  try {
    return await write(descriptor)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}
