/** `cache-attribution watch`: a live view of a service, through its admin endpoint. Only GET: it releases nothing. */
import { setTimeout as delay } from 'node:timers/promises'
import { SeriesStore } from '../../history/series-store.js'
import { isObservation } from '../../history/record-faults.js'
import { observationOf } from '../../history/records.js'
import type { HistoryObservation } from '../../history/types.js'
import { trendCell, sparkline } from '../../report/trends/format-trends.js'
import { trendOf } from '../../report/trends/trends.js'
import type { TrendInput } from '../../report/trends/series.js'
import { formatTable, palette } from '../../report/format-table.js'
import { AdminClient, adminUrl } from '../../support/admin-client.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { CLEAR_SCREEN } from '../../support/terminal-text.js'
import { formatBytes, formatCount, printable } from '../../support/units.js'
import { readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'

const HELP = `Usage: cache-attribution watch [options] URL

Shows the sizes of the caches of a running service and how they change, from its admin endpoint (for instance
http://127.0.0.1:8080/debug/memory), and updates them until Ctrl-C. Nothing is released.

Options:
  --interval SECONDS  how often to ask, at least 0.1 (default 2)
  --count TIMES       end after this many updates (default: never)

Environment:
  CACHE_ATTRIBUTION_TOKEN  sent as a bearer token
`

const NAME_WIDTH_MAX = 40
const SPARKLINE_WIDTH = 24
const TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 32 * 1024 * 1024
const WINDOW_HOURS = 1
const FAILURE = 'ERR_WATCH_ANSWER'

const RULES = {
  interval: { kind: 'text', what: 'a number of seconds' },
  count: { kind: 'text', what: 'a number' },
} as const

/** The subcommand. */
export const watchCommand: Command = {
  name: 'watch',
  summary: 'show a live view of a service, through its admin endpoint',
  help: HELP,
  rules: RULES,
  takes: 'url',
  run: async ({ args, env, print, log }) => {
    const { options, operands: rest } = readArguments('watch', args, RULES)
    const [address, ...surplus] = rest
    if (address === undefined || surplus.length > 0) throw usageError('"watch" takes one URL, the options before it')
    const base = endpointOf(address)
    const intervalMs = 1000 * numberOf('--interval', options.get('interval'), 2, 0.1)
    const count = numberOf('--count', options.get('count'), Infinity, 1)
    const client = new AdminClient({ url: base }, env['CACHE_ATTRIBUTION_TOKEN'], FAILURE)
    const get = (path: string): Promise<unknown> =>
      client.json({
        method: 'GET',
        path,
        timeoutMs: TIMEOUT_MS,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        mostBytes: ANSWER_BYTES_MAX,
      })
    const screen = palette()
    const view = new View()
    for (let observed = 0; observed < count; observed++) {
      if (observed > 0) await delay(intervalMs)
      try {
        const [observation, reports] = await Promise.all([get('observation'), get('reports')])
        if (!isObservation(observation)) throw new CacheAttributionError(FAILURE, `${client.name} gave no observation`)
        view.add(observation)
        print(`${screen.isColored ? CLEAR_SCREEN : ''}${view.text(observation, lastReport(reports), base)}\n`)
      } catch (error) {
        // A service that restarts is waited for; one that never answered is a mistake.
        if (view.isEmpty) throw error
        log(messageOf(error))
      }
    }
    return { code: 0 }
  },
}

/** The observations so far. */
class View {
  readonly #series = new SeriesStore()
  readonly #startMs = performance.now()
  #pid = 0
  #rss = 0

  isEmpty = true

  add(observation: HistoryObservation): void {
    this.isEmpty = false
    this.#series.add({
      kind: 'observation',
      at: observation.sample.takenAt,
      upMs: performance.now() - this.#startMs,
      lifetime: String(this.#pid),
      observation: observationOf(observation),
    })
    // Less than half of what it was at the last observation: another process.
    if (observation.sample.rssBytes < this.#rss / 2) this.#pid++
    this.#rss = observation.sample.rssBytes
  }

  text({ sample, caches }: HistoryObservation, report: string, base: URL): string {
    const paints = palette()
    const { strong, dim } = paints
    const nowMs = Date.parse(sample.takenAt)
    const series = this.#series.inputs({ windowHours: WINDOW_HOURS, lifetime: String(this.#pid), nowMs })
    const inputs = new Map([...series.caches].map(({ name, input }) => [name, input]))
    const rows = caches.map((cache) => ({ ...cache, input: inputs.get(cache.name) }))
    rows.sort((a, b) => (b.estimatedBytes ?? b.claimedBytes ?? 0) - (a.estimatedBytes ?? a.claimedBytes ?? 0))
    const { allocatedBytes, heapUsedBytes, rssBytes, takenAt } = sample
    return [
      `${strong(`${base.host}${base.pathname}`)} ${dim(printable(new Date(takenAt).toISOString(), 40))}`,
      `live ${formatBytes(allocatedBytes)} allocator, ${formatBytes(heapUsedBytes)} JS heap (with garbage), RSS ${formatBytes(rssBytes)}`,
      report,
      '',
      ...formatTable(COLUMNS, rows, paints, () => (text) => text),
    ].join('\n')
  }
}

type Row = HistoryObservation['caches'][number] & { readonly input: TrendInput | undefined }

const COLUMNS = [
  { title: 'cache', alignsLeft: true, cell: ({ name }: Row) => printable(name, NAME_WIDTH_MAX) },
  { title: 'estimated', cell: ({ estimatedBytes }: Row) => formatBytes(estimatedBytes) },
  { title: '±', cell: ({ estimatedUncertaintyBytes }: Row) => formatBytes(estimatedUncertaintyBytes) },
  { title: 'claimed', cell: ({ claimedBytes }: Row) => formatBytes(claimedBytes) },
  { title: 'entries', cell: ({ entries }: Row) => formatCount(entries) },
  { title: 'last observations', alignsLeft: true, cell: ({ input }: Row) => lineOf(input) },
  {
    title: 'trend',
    alignsLeft: true,
    cell: ({ input }: Row) => trendCell(input === undefined ? undefined : trendOf(input, 'cache')),
  },
] as const

function lineOf(input: TrendInput | undefined): string {
  const segments = input === undefined ? [] : input.estimated.length > 0 ? input.estimated : input.claimed
  const points = segments.flatMap(({ hours, bytes }) =>
    hours.map((at, index) => ({ hours: at, bytes: bytes[index] ?? 0 })),
  )
  return sparkline(points, SPARKLINE_WIDTH)
}

/** One line on the run that was last. */
function lastReport(answer: unknown): string {
  const reports = (answer as { reports?: unknown } | null)?.reports
  const last: unknown = Array.isArray(reports) ? reports.at(-1) : undefined
  if (typeof last !== 'object' || last === null) return 'no run yet: estimates need one (POST attribution)'
  const { mode, startedAt, floor } = last as Record<string, unknown>
  const { allocatedBytes, heapBytes } = (floor ?? {}) as Record<string, unknown>
  const bytes = (value: unknown): string => formatBytes(typeof value === 'number' ? value : null)
  return `last run ${printable(startedAt, 40)} (${printable(mode, 20)}): floor ${bytes(allocatedBytes)} allocator, ${bytes(heapBytes)} JS heap`
}

/** The admin endpoint that is asked; of the root of a service its usual path. */
function endpointOf(address: string): URL {
  const url = adminUrl(address)
  if (url === null) throw usageError(`"${printable(address, 60)}" is no http or https URL`)
  return url
}

function numberOf(name: string, given: string | true | undefined, fallback: number, least: number): number {
  if (given === undefined) return fallback
  const value = Number(given)
  if (!(value >= least) || value > 1e9)
    throw usageError(`"${name}" must be a number ≥ ${String(least)}, got "${printable(String(given), 60)}"`)
  return value
}
