/**
 * The load: 64 connections that keep asking, in a process of its own so that it takes no part in what is measured.
 *
 *   node dist/examples/service/load.js <url of the service> [search]
 */
import autocannon from 'autocannon'
import type { Package } from './catalogue.js'
import type { LoadCommand, LoadMessage, Phase, PhaseTraffic } from './messages.js'
import { Visitor } from './traffic.js'

const CONNECTIONS = 64
/** Requests a connection goes through before it begins again. */
const VISITS_PER_CONNECTION = 600
/** It is told to stop long before; this ends it where nobody does. */
const DURATION_MAX_S = 120

const [url = '', search] = process.argv.slice(2)
const packages = (await (await fetch(`${url}/packages`)).json()) as Package[]

let phase: Phase = 'before'
let requests = 0
const failures = new Map<string, number>()
const latenciesMs: Record<Phase, number[]> = { before: [], during: [], after: [] }

let connection = 0
const load = autocannon(
  {
    url,
    connections: CONNECTIONS,
    duration: DURATION_MAX_S,
    setupClient: (client) => {
      const visitor = new Visitor(packages, search === 'search', 1000 + connection++)
      client.setRequests(Array.from({ length: VISITS_PER_CONNECTION }, () => visitor.next()))
    },
  },
  (error: unknown) => {
    if (error != null) fail(error)
    const phases = { before: summarize('before'), during: summarize('during'), after: summarize('after') }
    const traffic = { connections: CONNECTIONS, failures: Object.fromEntries(failures), phases }
    send({ type: 'result', traffic })
  },
)
load.on('response', (_client, statusCode, _bytes, latencyMs) => {
  requests++
  if (statusCode < 200 || statusCode > 299) fail(`status ${statusCode}`)
  latenciesMs[phase].push(latencyMs)
})
load.on('reqError', fail)
load.on('tick', () => send({ type: 'progress', requests }))

process.on('message', (command: LoadCommand) => {
  if (command.type === 'stop') load.stop()
  else phase = command.phase
})
process.once('disconnect', () => process.exit())

/** Counts a failure by its kind: an errno, a message, a status. */
function fail(reason: unknown): void {
  const { code, message } = reason instanceof Error ? (reason as NodeJS.ErrnoException) : {}
  const kind = code ?? message ?? String(reason)
  failures.set(kind, (failures.get(kind) ?? 0) + 1)
}

function summarize(which: Phase): PhaseTraffic {
  const sorted = Float64Array.from(latenciesMs[which]).sort()
  const at = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null
  return { requests: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), longestMs: at(1) }
}

function send(message: LoadMessage): void {
  if (process.connected) process.send?.(message, () => undefined)
}
