/** `cache-attribution attach`: what holds the memory of a process that nobody prepared. */
import type { AttachCost } from '../../attach/protocol.js'
import type { Overview } from '../../attach/agent/types.js'
import { besideOwners, formatBreakdown } from '../../report/breakdown/format-breakdown.js'
import { formatDiscovery } from '../../report/discovery/format-discovery.js'
import { isLibraryListed } from '../../report/discovery/format-packages.js'
import { reportLines } from '../../report/format-report.js'
import { fitLines } from '../../report/fit-lines.js'
import { headline } from '../../report/headline.js'
import { palette } from '../../report/format-table.js'
import { terminalJson } from '../../support/terminal-text.js'
import type { Trend } from '../../report/trends/types.js'
import { formatBytes, formatMs, printable } from '../../support/units.js'
import { readTargeted, usageError } from '../arguments.js'
import type { ArgumentRule, Arguments } from '../arguments.js'
import { DISCOVER_RULES, discoverQuestion } from '../ask/discover-question.js'
import { serveAddress, servePage } from '../ask/serve-page.js'
import { watchOwners } from '../ask/watch-owners.js'
import { targetOf, withAnswerer } from '../ask/open-answerer.js'
import type { Command, CommandContext } from '../command.js'

const HELP = `Usage: cache-attribution attach [options] PID

Shows what holds the memory of a running Node process that was not prepared for it: a verdict, the caches that are
registered there, the largest owners with their bytes, where all of RSS is, and what the attach itself cost. The process
keeps every entry and answers every request: the measurement is made in copies of it (forks). For that time its
inspector is opened on its loopback interface (SIGUSR1) and this library is loaded into it. Nothing is left behind.

Needs: Linux, Node 20.19 or later in the process, the same user or root. Works with and without jemalloc.

Options:
  --limit N          owners to list (default 10)
  --threads          owners in the heaps of all threads, each in a copy of its own
  --budget-ms N      search for owners for N milliseconds at most, and show what is known by then
  --budget-pause N   do not search for owners if the last copy paused the process for longer than N milliseconds
  --budget-memory N  do not search for owners if the copy may need more than N MiB of its own, and end one that does
  --watch[=SECONDS]  find the owners again every 60 seconds, or every SECONDS, and show which of them grow; Ctrl-C ends it
  --serve[=[HOST:]PORT]
                     serve the admin page of the process, on a free port of this machine or the given one, until Ctrl-C
  --allow-release    let the page release caches in the live process; without it everything is measured in copies
  --json             the same as JSON; with --watch one line for each observation

Environment:
  CACHE_ATTRIBUTION_TOKEN  sent as a bearer token where the process has an admin endpoint; with --serve the token that
                           the page asks for, needed for an address that other machines reach
`

const WATCH_SECONDS = 60
const RULES: Readonly<Record<string, ArgumentRule>> = {
  ...DISCOVER_RULES,
  watch: { kind: 'level', min: 1, max: 86_400 },
  serve: { kind: 'address', what: 'PORT or HOST:PORT behind the =' },
  'allow-release': { kind: 'switch' },
  json: { kind: 'switch' },
}

/** The subcommand. */
export const attachCommand: Command = {
  name: 'attach',
  summary: 'show what holds the memory of a running process, without preparing it',
  help: HELP,
  rules: RULES,
  takes: 'process',
  run: async (context) => {
    const { args, print } = context
    const { options, target } = readTargeted('attach', args, RULES)
    const question = discoverQuestion(options)
    const watch = options.get('watch')
    const serve = options.get('serve')
    if (serve !== undefined) return serveAt(serve, options, target, context)
    if (options.has('allow-release')) throw usageError('"--allow-release" goes with --serve')
    await withAnswerer(context, targetOf('attach', target), async (answerer) => {
      if (watch !== undefined) {
        const intervalMs = 1000 * (watch === true ? WATCH_SECONDS : Number(watch))
        return watchOwners(answerer, { question, intervalMs, isJson: options.has('json'), print })
      }
      const overview = await answerer.overview(question)
      const cost = await answerer.cost()
      print(`${options.has('json') ? terminalJson(jsonOf(overview, cost)) : textOf(overview, cost, String(target))}\n`)
    })
    return { code: 0 }
  },
}

function serveAt(
  serve: string | true,
  options: Arguments['options'],
  target: string | undefined,
  context: CommandContext,
): Promise<never> {
  const other = [...options.keys()].find((name) => name !== 'serve' && name !== 'allow-release')
  if (other !== undefined) throw usageError(`"--${other}" and --serve exclude each other`)
  const address = serveAddress(serve)
  const where = targetOf('attach', target)
  if (!('pid' in where)) throw usageError('"--serve" is for the id of a process: an endpoint serves its page itself')
  return servePage(where.pid, { address, allowRelease: options.has('allow-release') }, context)
}

function jsonOf({ reports, discovery, breakdown }: Overview, cost: AttachCost): object {
  const [report, ...others] = reports
  return {
    headline: headlineOf({ reports, discovery, breakdown }),
    report,
    ...(others.length === 0 ? {} : { otherReports: others }),
    discovery,
    breakdown,
    cost,
  }
}

function textOf(overview: Overview, cost: AttachCost, target: string): string {
  const { reports, discovery, breakdown } = overview
  const paints = palette()
  return [
    ...fitLines(headlineOf(overview).map(paints.strong), paints.width),
    ...reports.filter(({ caches }) => caches.length > 0).flatMap((report) => ['', ...reportLines(report, paints)]),
    '',
    formatDiscovery(discovery),
    ...(breakdown === null ? [] : ['', formatBreakdown(besideOwners(breakdown, discovery.owners))]),
    '',
    ...fitLines([costLine(cost), ...agentLine(overview, cost), ...growthLine(overview, target)], paints.width),
  ].join('\n')
}

function headlineOf({ reports, discovery }: Overview): string[] {
  const [report] = reports
  // One whole: what holds most may be registered with any of the coordinators.
  return report === undefined ? [] : headline({ ...report, caches: reports.flatMap(({ caches }) => caches), discovery })
}

/** The question that one observation leaves open; nothing where a history of the process has answered it. */
function growthLine({ reports, discovery }: Overview, target: string): string[] {
  const rows = reports.flatMap(({ caches }) => caches)
  if ([...rows.map(({ trend }) => trend), ...discovery.owners.map(({ growth }) => growth)].some(isKnown)) return []
  return [`growth        shown by several observations: cache-attribution attach --watch ${printable(target, 200)}`]
}

function isKnown(trend: Trend | undefined): boolean {
  return trend !== undefined && trend.verdict !== 'unknown'
}

/** The row of this library, which the agent is part of; nothing where no agent was loaded. */
function agentLine({ discovery }: Overview, { agentBytes }: AttachCost): string[] {
  if (agentBytes === 0 || !isLibraryListed(discovery.packages ?? [])) return []
  return ['agent         part of "cache-attribution" by package: it is in the process only during the attach']
}

/** The cost for the process, in one line. */
function costLine({ longestPauseMs, durationMs, agentBytes }: AttachCost): string {
  const agent = agentBytes === 0 ? '' : `, ${formatBytes(agentBytes)} for the agent meanwhile`
  return `cost          longest pause ${formatMs(longestPauseMs)}, took ${formatMs(durationMs)}${agent}; every entry is kept`
}
