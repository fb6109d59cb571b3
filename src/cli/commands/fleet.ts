/** `cache-attribution fleet`: the caches of all replicas of a service. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { attributeFleet } from '../../fleet/attribute-fleet.js'
import type { AttributeFleetOptions, FleetProgress } from '../../fleet/attribute-fleet.js'
import { fleetPage } from '../../fleet/fleet-page.js'
import { formatFleet } from '../../fleet/format-fleet.js'
import type { FleetSource } from '../../fleet/targets.js'
import type { FleetReport } from '../../fleet/types.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { terminalJson } from '../../support/terminal-text.js'
import { formatMs } from '../../support/units.js'
import { quotedArgument, readArguments, usageError } from '../arguments.js'
import type { Arguments } from '../arguments.js'
import type { Command, CommandContext } from '../command.js'

const HELP = `Usage: cache-attribution fleet [options] [URL|PID…]

Measures the caches of all replicas of a service by their admin endpoints, each in a copy of its process, which keeps
every entry: one replica alone first, then a few at a time. Shows each cache over all of them, replicas that are far from
the others, and by labels which version has the larger entries. Ctrl-C ends it and shows the replicas measured so far.

Replicas (besides URLs, and processes of this machine with cache-attribution/auto; several sources may be given):
  --cluster PID           this process and those that it started: the primary of node:cluster, pm2
  --dns NAME:PORT         every address that the name has in DNS (a headless service)
  --srv NAME              every host and port of its SRV records
  --targets FILE|URL      targets in the format of Prometheus' file or HTTP service discovery (JSON)
  --prometheus URL        the targets that this Prometheus server scrapes; --job NAME for one job alone
  --path PATH             of the admin endpoint of those (default /debug/memory/)

Options:
  --concurrency N         replicas at a time (default 1)
  --no-canary             do not measure one replica alone first
  --discover N            the N largest owners of each replica that nobody registered, too
  --pause-ms MS           end early if a replica pauses for longer (default 1000)
  --failures N            end early after N failed runs (default 3)
  --memory-percent N      leave out a replica with more of its memory limit in use (default 90)
  --timeout-ms MS         longest time for the run of a replica (default 120000)
  --json                  the same as JSON
  --output FILE, -o FILE  write it there (mode 0600) in place of stdout: *.html is a page that needs no other file, *.json
                          is JSON

The exit code is 1 if no replica was measured, or the whole ended early.

Environment:
  CACHE_ATTRIBUTION_TOKEN  sent to each replica as a bearer token
`

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const LONG = 999_999_999
const RULES = {
  cluster: { kind: 'count', min: 1, max: LONG },
  dns: { kind: 'text', what: 'NAME:PORT' },
  srv: { kind: 'text', what: 'a name' },
  targets: { kind: 'text', what: 'a file or a URL' },
  prometheus: { kind: 'text', what: 'a URL' },
  job: { kind: 'text', what: 'the name of a job' },
  path: { kind: 'text', what: 'a path' },
  concurrency: { kind: 'count', min: 1, max: 1000 },
  'no-canary': { kind: 'switch' },
  discover: { kind: 'count', min: 1, max: 1000 },
  'pause-ms': { kind: 'count', min: 0, max: LONG },
  failures: { kind: 'count', min: 1, max: LONG },
  'memory-percent': { kind: 'count', min: 0, max: 100 },
  'timeout-ms': { kind: 'count', min: 1, max: LONG },
  json: { kind: 'switch' },
  output: { kind: 'text', what: 'a file', short: 'o' },
} as const

/** The subcommand. */
export const fleetCommand: Command = {
  name: 'fleet',
  summary: 'measure the caches of all replicas of a service',
  help: HELP,
  rules: RULES,
  takes: 'url',
  run: async (context) => {
    const { args, env, log } = context
    const { options, urls } = inAnyOrder(args)
    const output = textOf(options, 'output')
    if (options.has('json') && isPage(output)) throw usageError('"--json" writes no page: name the file *.json')
    const token = env['CACHE_ATTRIBUTION_TOKEN']
    const report = await abortOnSignals((signal) =>
      attributeFleet(sourcesOf(options, urls), {
        ...boundsOf(options),
        ...(token === undefined || token === '' ? {} : { token }),
        signal,
        onProgress: (progress) => {
          log(lineOf(progress))
        },
      }),
    )
    await write(context, output, report, options.has('json'))
    const isUsable = report.stopped === null && report.replicas.some(({ status }) => status === 'measured')
    return { code: isUsable ? 0 : 1 }
  },
}

function isPage(output: string | undefined): output is string {
  return output !== undefined && /\.html?$/i.test(output)
}

/** A file that cannot be written costs nothing that was measured: the text goes to stdout then. @throws CacheAttributionError `ERR_FLEET_WRITE` */
async function write(
  { cwd, print }: CommandContext,
  output: string | undefined,
  report: FleetReport,
  isJson: boolean,
): Promise<void> {
  const isFileOfJson = isJson || (output !== undefined && /\.json$/i.test(output))
  if (output === undefined) {
    print(`${isJson ? terminalJson(report) : formatFleet(report)}\n`)
    return
  }
  const plain = isFileOfJson ? JSON.stringify(report, null, 2) : formatFleet(report, { color: false })
  try {
    // Names and sizes of a service are nobody else's business.
    await writeFile(path.resolve(cwd, output), isPage(output) ? fleetPage(report) : `${plain}\n`, { mode: 0o600 })
  } catch (error) {
    print(`${formatFleet(report)}\n`)
    throw new CacheAttributionError('ERR_FLEET_WRITE', `the report could not be written: ${messageOf(error)}`)
  }
}

/** The first Ctrl-C ends the task with what it has; the next one ends the command. */
async function abortOnSignals<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const listener = (): void => {
    abort.abort()
  }
  for (const signal of ENDING) process.once(signal, listener)
  try {
    return await task(abort.signal)
  } finally {
    for (const signal of ENDING) process.off(signal, listener)
  }
}

/** Options may stand between and behind the URLs. */
function inAnyOrder(args: readonly string[]): { readonly options: Arguments['options']; readonly urls: string[] } {
  const options = new Map<string, string | true>()
  const urls: string[] = []
  for (let rest = args; rest.length > 0;) {
    const read = readArguments('fleet', rest, RULES)
    for (const [name, value] of read.options) options.set(name, value)
    const [url, ...behind] = read.operands
    if (url !== undefined) urls.push(url)
    rest = behind
  }
  return { options, urls }
}

function sourcesOf(options: Arguments['options'], urls: readonly string[]): FleetSource[] {
  const text = (name: keyof typeof RULES): string | undefined => textOf(options, name)
  const [dns, srv, targets, prometheus] = [text('dns'), text('srv'), text('targets'), text('prometheus')]
  const [job, cluster] = [text('job'), text('cluster')]
  if (job !== undefined && prometheus === undefined) throw usageError('"--job" is one of "--prometheus"')
  const reached = { path: text('path') }
  const sources = [
    ...urls.map((url) => (/^[1-9]\d{0,8}$/.test(url) ? { pid: Number(url) } : url)),
    ...(cluster === undefined ? [] : [{ cluster: Number(cluster) }]),
    ...(dns === undefined ? [] : [{ ...dnsOf(dns), ...reached }]),
    ...(srv === undefined ? [] : [{ dns: srv, type: 'SRV' as const, ...reached }]),
    ...(targets === undefined ? [] : [{ discovery: targets, ...reached }]),
    ...(prometheus === undefined ? [] : [{ prometheus, job, ...reached }]),
  ]
  if (sources.length === 0) throw usageError('"fleet" needs URLs, ids of processes, or a source of them (see --help)')
  return sources
}

function textOf(options: Arguments['options'], name: keyof typeof RULES): string | undefined {
  const value = options.get(name)
  return typeof value === 'string' ? value : undefined
}

function dnsOf(text: string): { readonly dns: string; readonly port: number } {
  const [, dns, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (dns === undefined) throw usageError(`"--dns" takes NAME:PORT, got ${quotedArgument(text)}`)
  return { dns, port: Number(port) }
}

function boundsOf(options: Arguments['options']): AttributeFleetOptions {
  const count = (name: keyof typeof RULES): number | undefined => {
    const value = options.get(name)
    return value === undefined ? undefined : Number(value)
  }
  const percent = count('memory-percent')
  return {
    concurrency: count('concurrency'),
    canary: !options.has('no-canary'),
    discover: count('discover'),
    pauseMs: count('pause-ms'),
    failures: count('failures'),
    memoryShare: percent === undefined ? undefined : percent / 100,
    timeoutMs: count('timeout-ms'),
  }
}

function lineOf({ replica, done, total }: FleetProgress): string {
  const { name, status, durationMs, error } = replica
  const why = error === undefined ? '' : `: ${error.code}`
  return `${String(done)} of ${String(total)}: ${name} ${status} in ${formatMs(durationMs)}${why}`
}
