/**
 * The owners in the heaps of a process's worker threads: an agent is brought into each, one after the other.
 *
 * Rule: a worker that cannot be asked costs its own part and is told; no agent stays in one.
 */
import { joinDiscoveries } from '../../report/discovery/join-discoveries.js'
import type { Discovery, SearchedThread } from '../../report/discovery/types.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { unsearchedThreads } from '../../twin/discover/unsearched-threads.js'
import type { Attachment } from './attachment.js'
import { SessionError } from './inspector-session.js'
import type { WorkerAgent } from './worker-agent.js'
import { WORKER_ENDED } from './worker-session.js'

/** As `discover()` takes it. */
interface WorkerQuestion {
  readonly limit?: number
}

const LIMIT = 10

/** The discovery of the main thread with those of the workers that run now. */
export async function discoverWorkers(
  attachment: Attachment,
  own: Discovery,
  question: WorkerQuestion,
): Promise<Discovery> {
  const found: { readonly threadId: number; readonly discovery: Discovery }[] = []
  const threads: SearchedThread[] = []
  for (const { threadId, name, open } of await attachment.workers()) {
    const outcome = await searched(open, question)
    const { discovery, heap, error } = outcome
    if (discovery !== null) found.push({ threadId, discovery })
    const status = discovery === null ? 'failed' : 'searched'
    threads.push({ threadId, name, status, ...heap, ...(error === undefined ? {} : { error }) })
  }
  const { warnings, ...joined } = joinDiscoveries([{ threadId: 0, discovery: own }, ...found], question.limit ?? LIMIT)
  const others = warnings.filter(({ code }) => code !== 'WARN_DISCOVER_THREADS')
  return { ...joined, threads, warnings: [...unsearchedThreads(threads.length - found.length), ...others] }
}

interface Searched {
  readonly discovery: Discovery | null
  readonly heap: Pick<SearchedThread, 'heapUsedBytes' | 'heapTotalBytes'>
  readonly error?: NonNullable<SearchedThread['error']>
}

async function searched(open: () => Promise<WorkerAgent>, question: WorkerQuestion): Promise<Searched> {
  let heap: Searched['heap'] = { heapUsedBytes: null, heapTotalBytes: null }
  try {
    const agent = await open()
    try {
      heap = agent.heap
      return { discovery: (await agent.ask('discover', { ...question })) as Discovery, heap }
    } finally {
      await agent.close()
    }
  } catch (error) {
    return { discovery: null, heap, error: causeOf(error) }
  }
}

/** Why a worker was not searched, by its own code. */
function causeOf(error: unknown): NonNullable<Searched['error']> {
  if (error instanceof CacheAttributionError) return { code: error.code, message: error.message }
  const message = messageOf(error)
  if (!(error instanceof SessionError)) return { code: 'ERR_THREAD_ANSWER', message }
  switch (error.kind) {
    case 'silent':
      return { code: 'ERR_THREAD_SILENT', message: `it is blocked, for example in Atomics.wait(): ${message}` }
    case 'lost':
      return { code: message === WORKER_ENDED ? 'ERR_THREAD_ENDED' : 'ERR_ATTACH_CONNECTION', message }
    case 'refused':
      return { code: 'ERR_ATTACH_AGENT', message: `the agent failed in the worker: ${message.slice(0, 300)}` }
  }
}
