/**
 * The owners of every thread: each worker with a coordinator makes a twin of its own.
 *
 * Rule: a thread that cannot answer costs its own part, and is told with the size of its heap where it reports that.
 */
import type { ThreadsBinding } from '../../allocator/port.js'
import { countWorkers, runningWorkers } from '../../measure/worker-threads.js'
import type { WatchedWorker } from '../../measure/worker-threads.js'
import { joinDiscoveries } from '../../report/discovery/join-discoveries.js'
import type { Discovery, SearchedThread } from '../../report/discovery/types.js'
import { withinTime } from '../../support/within-time.js'
import { askThread } from '../threads/ask-thread.js'
import type { AskedThread } from '../threads/thread-protocol.js'
import { unsearchedThreads } from './unsearched-threads.js'

/** How the other threads are asked. */
export interface DiscoverThreadsSettings {
  /** Of the list of all threads. */
  readonly limit: number
  /** As `discover()` takes them; for each thread in the moment in which it is asked. */
  readonly options: () => object
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** A thread whose event loop is blocked for longer is not searched. */
const ANSWER_TIMEOUT_MS = 2000
/** For the size of a heap. */
const HEAP_TIMEOUT_MS = 250

/** The discovery of the main thread, with those of its workers. */
export async function discoverThreads(
  own: Discovery,
  threads: ThreadsBinding,
  { limit, options, timeoutMs, signal }: DiscoverThreadsSettings,
): Promise<Discovery> {
  const asked: AskedThread[] = []
  const bounds = { answerTimeoutMs: ANSWER_TIMEOUT_MS, timeoutMs, signal }
  for (const { threadId, answering } of threads.list() ?? []) {
    if (threadId > 0 && answering > 0) asked.push(await askThread(threads, threadId, 'discover', options(), bounds))
  }
  const found = asked.flatMap(({ threadId, discovery }) => (discovery === null ? [] : [{ threadId, discovery }]))
  const others = runningWorkers().filter(({ threadId }) => asked.every((each) => each.threadId !== threadId))
  const told = [...asked.map(searched), ...(await Promise.all(others.map(withoutCoordinator)))]
  const unsearched = Math.max(countWorkers(), told.length) - found.length
  const { warnings, ...rest } = joinDiscoveries([{ threadId: 0, discovery: own }, ...found], limit)
  return {
    ...rest,
    threads: told,
    warnings: [...unsearchedThreads(unsearched), ...warnings.filter(({ code }) => code !== 'WARN_DISCOVER_THREADS')],
  }
}

function searched({ threadId, discovery, heapUsedBytes, heapTotalBytes, error }: AskedThread): SearchedThread {
  const worker = runningWorkers().find((each) => each.threadId === threadId)
  const status = discovery === null ? 'failed' : 'searched'
  const name = worker?.threadName ?? null
  return { threadId, name, status, heapUsedBytes, heapTotalBytes, ...(error === undefined ? {} : { error }) }
}

async function withoutCoordinator(worker: WatchedWorker): Promise<SearchedThread> {
  const { threadId, threadName } = worker
  const heap = await heapOf(worker)
  return {
    threadId,
    name: threadName ?? null,
    status: 'without-coordinator',
    heapUsedBytes: heap?.used_heap_size ?? null,
    heapTotalBytes: heap?.total_heap_size ?? null,
  }
}

type HeapStatistics = Awaited<ReturnType<NonNullable<WatchedWorker['getHeapStatistics']>>>

/** Null of one that is busy for longer, that ends meanwhile, and where this Node does not tell. */
async function heapOf(worker: WatchedWorker): Promise<HeapStatistics | null> {
  const asked = worker.getHeapStatistics?.().catch(() => null)
  if (asked === undefined) return null
  return withinTime(HEAP_TIMEOUT_MS, undefined, (signal) => {
    const late = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(null)
      })
    })
    return Promise.race([asked, late])
  })
}
