/**
 * A fleet of real processes, and among them one that never answers and one that answers nonsense: each of the others must be measured
 * as if those were not there.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { attributeFleet } from 'cache-attribution/fleet'
import type { FleetReport, FleetTarget } from 'cache-attribution/fleet'
import { ENTRY_BYTES } from './entry.js'

const REPLICA = fileURLToPath(new URL('replica.js', import.meta.url))
const STARTED_AT_A_TIME = 4
const CONCURRENCY = 2
const ANSWER_MS = 60_000
const SLOW_MS = 30_000
/** Every tenth has three times as much. */
const ENTRIES = 200
const ENLARGED = 3

/** The truth of a replica beside what the fleet says of it. */
export interface RealFleet {
  readonly report: FleetReport
  readonly truths: ReadonlyMap<string, number>
}

/** Starts so many, asks them all, and ends them. */
export async function askRealReplicas(count: number): Promise<RealFleet> {
  const children: ChildProcess[] = []
  const strangers = [await listen(answerNothing), await listen(answerNonsense)]
  try {
    const targets: FleetTarget[] = []
    const truths = new Map<string, number>()
    const start = async (index: number): Promise<void> => {
      const entries = index % 10 === 9 ? ENLARGED * ENTRIES : ENTRIES
      const name = `pod-${String(index)}`
      targets.push({ url: `http://127.0.0.1:${String(await startReplica(entries, children))}/debug/memory/`, name })
      truths.set(name, entries * ENTRY_BYTES)
    }
    for (let index = 0; index < count; index += STARTED_AT_A_TIME) {
      const some = Array.from({ length: Math.min(STARTED_AT_A_TIME, count - index) }, (_, each) => start(index + each))
      await Promise.all(some)
    }
    const middle = Math.ceil(count / 2)
    const [slow, liar] = strangers.map(urlOf)
    targets.splice(middle, 0, { url: slow ?? '', name: 'slow' }, { url: liar ?? '', name: 'liar' })
    const report = await attributeFleet(targets, {
      concurrency: CONCURRENCY,
      pauseMs: Infinity,
      timeoutMs: SLOW_MS,
      answerTimeoutMs: ANSWER_MS,
    })
    return { report, truths }
  } finally {
    for (const child of children) child.kill()
    for (const server of strangers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

async function startReplica(entries: number, children: ChildProcess[]): Promise<number> {
  const child = spawn(process.execPath, [REPLICA, String(entries)], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return Number(line)
}

async function listen(answer: http.RequestListener): Promise<http.Server> {
  const server = http.createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function urlOf(server: http.Server): string {
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/debug/memory/`
}

function answerNothing(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.method === 'GET') answerAsOthers(request, response)
}

function answerNonsense(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.method === 'GET') answerAsOthers(request, response)
  else send(response, { schemaVersion: 1, caches: [{ name: 'sessions', released: { totalBytes: 'a lot' } }] })
}

function answerAsOthers(request: http.IncomingMessage, response: http.ServerResponse): void {
  const isStatus = (request.url ?? '').includes('status')
  send(
    response,
    isStatus
      ? { process: { pid: 1, host: request.headers.host ?? '', memoryLimitBytes: null } }
      : { sample: { rssBytes: 1e8 } },
  )
}

function send(response: http.ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
