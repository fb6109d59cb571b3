/** The admin handler's routes, relative to this page's own address. A failure is a {@link ProblemError}, always. */
import type { Observation } from '../../../coordinator/observe.js'
import type { FleetReport } from '../../../fleet/types.js'
import type { Trends } from '../../../report/trends/types.js'
import type { AttributionReport } from '../../../report/types.js'
import { problemOfAnswer, problemOfSilence } from '../model/problem.js'
import type { Problem } from '../model/problem.js'
import type { RunBody } from '../model/run-request.js'
import { createEventReader } from '../model/server-sent-events.js'
import type { ServerSentEvent } from '../model/server-sent-events.js'
import type { CacheView, ReportSummary, StatusView } from '../../admin/types.js'
import type { MemoryNode } from '../../../report/breakdown/types.js'
import type { ThreadsReport } from '../../../threads/types.js'
import type { ClassHistogram } from '../../../twin/heap-snapshot/histogram.js'
import { cures } from './cures.js'

/** A failure in words. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.title, options)
    this.problem = problem
  }

  /** Nothing came back at all. */
  get isSilence(): boolean {
    return this.problem.status === null
  }
}

/** The address below which everything lies, with a slash at its end. */
const base = new URL(location.pathname.endsWith('/') ? './' : `${location.pathname}/`, location.href)

const ANSWER_TIMEOUT_MS = 15_000

/** The address of a route. */
export function addressOf(route: string): string {
  return new URL(route, base).href
}

/** The last report, or the one with this id. */
export function reportRoute(id: string): string {
  return `attribution/${encodeURIComponent(id)}`
}

export const getStatus = (): Promise<StatusView> => getJson('status')
export const getCaches = async (): Promise<readonly CacheView[]> =>
  (await getJson<{ readonly caches: readonly CacheView[] }>('caches')).caches
export const getObservation = (): Promise<Observation> => getJson('observation')
export const getReports = async (): Promise<readonly ReportSummary[]> =>
  (await getJson<{ readonly reports: readonly ReportSummary[] }>('reports')).reports
export const getReport = (id: string): Promise<AttributionReport> => getJson(reportRoute(id))
/** Null where this server has none: its own description says so, and nothing is asked for that is not there. */
export const getBreakdown = async (): Promise<MemoryNode | null> => {
  hasBreakdown ??= await getJson<{ readonly paths?: object }>('openapi.json').then(
    ({ paths = {} }) => Object.keys(paths).some((path) => path.endsWith('/breakdown')),
    () => false,
  )
  return hasBreakdown ? getJson<MemoryNode>('breakdown') : null
}
let hasBreakdown: boolean | null = null
export const getTrends = (): Promise<Trends> => getJson('trends')
export const postHistogram = (): Promise<ClassHistogram> => postForJson('heap-snapshot?histogram')
export const postThreads = (): Promise<ThreadsReport> => postForJson('threads')
export const postCluster = (): Promise<FleetReport> => postForJson('cluster')
/** The browser puts what is large onto the disk. */
export const postSnapshot = async (): Promise<Blob> => {
  const answer = await ask('heap-snapshot', { method: 'POST' })
  return answer.blob()
}
export const deleteRun = async (): Promise<void> => {
  await ask('attribution/current', { method: 'DELETE', headers: { accept: JSON_TYPE } })
}
export const getReportText = async (id: string): Promise<string> => {
  const answer = await ask(reportRoute(id), { headers: { accept: 'text/plain' } })
  return answer.text()
}

/** Starts a run, or joins an identical one, and gives its events as they come. */
export function postRun(body: RunBody): AsyncGenerator<ServerSentEvent, void> {
  return streamEvents('attribution', JSON.stringify(body))
}

/** Seeks owners, in a twin; what comes is its progress and its result. */
export function postDiscover(): AsyncGenerator<ServerSentEvent, void> {
  return streamEvents('discover', null, 'discovery')
}

/** Releases one cache, measured. */
export function postRelease(name: string): AsyncGenerator<ServerSentEvent, void> {
  return streamEvents(`caches/${encodeURIComponent(name)}/release`, null)
}

const JSON_TYPE = 'application/json'

async function* streamEvents(
  route: string,
  body: string | null,
  ending: 'report' | 'discovery' = 'report',
): AsyncGenerator<ServerSentEvent, void> {
  const answer = await ask(route, {
    method: 'POST',
    headers: { accept: 'text/event-stream', ...(body === null ? {} : { 'content-type': JSON_TYPE }) },
    body,
  })
  // A server that knows no stream of this route answers with the result itself.
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    yield { event: ending, data: await answer.text() }
    return
  }
  const events = createEventReader()
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
      yield* events.push(piece.value)
    }
  } catch (error) {
    throw new ProblemError(problemOfSilence('The connection ended in the middle of a run.'), { cause: error })
  }
}

async function getJson<T>(route: string): Promise<T> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  return jsonOf<T>(route, await ask(route, { headers: { accept: JSON_TYPE }, signal }))
}

/** What is measured takes its time. */
async function postForJson<T>(route: string): Promise<T> {
  return jsonOf<T>(route, await ask(route, { method: 'POST', headers: { accept: JSON_TYPE } }))
}

async function jsonOf<T>(route: string, answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T
  } catch (error) {
    throw new ProblemError(problemOfSilence(`The answer to ${route} was cut off.`), { cause: error })
  }
}

async function ask(route: string, init: RequestInit): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(addressOf(route), { cache: 'no-store', credentials: 'same-origin', ...init })
  } catch (error) {
    throw new ProblemError(problemOfSilence('The process may have ended, be restarting, or be blocked.'), {
      cause: error,
    })
  }
  if (answer.ok) return answer
  const retryAfter = answer.headers.get('retry-after')
  const body = await answer.text().catch(() => '')
  throw new ProblemError(problemOfAnswer({ status: answer.status, body, retryAfter }, cures))
}
