/** The columns in which text and page show the caches of all threads. Pure. */
import type { TableColumn } from '../report/format-table.js'
import { formatBytes, formatCount, formatMs, printable } from '../support/units.js'
import { joinThreads } from './join-threads.js'
import type { CacheInThread, CacheOfThreads, ThreadResult, ThreadsReport } from './types.js'

const NAME_LENGTH = 60
/** In the head of a column. */
const TITLE_LENGTH = 24

/** The report in a line. */
export function titleOfThreads({ threads, caches, pid, rssBytes, durationMs }: ThreadsReport): string {
  const what = caches.length === 0 ? 'No registered cache in' : 'Caches of'
  const count = `${formatCount(threads.length)} thread${threads.length === 1 ? '' : 's'}`
  return `${what} ${count} of process ${String(pid)}, RSS ${formatBytes(rssBytes)}, in ${formatMs(durationMs)}`
}

function threadName(threadId: number): string {
  return threadId === 0 ? 'main thread' : `worker ${String(threadId)}`
}

function ends(of: CacheInThread | null): string {
  return of === null ? '–' : `${formatBytes(of.totalBytes)} ${threadName(of.threadId)}`
}

/** A row for each cache, over all threads. */
export const CACHE_OF_THREADS_COLUMNS: readonly TableColumn<CacheOfThreads>[] = [
  { title: 'cache', alignsLeft: true, cell: ({ name }) => printable(name, NAME_LENGTH) },
  { title: 'threads', cell: ({ threads }) => formatCount(threads) },
  { title: 'sum', cell: ({ totalBytes }) => formatBytes(totalBytes) },
  { title: '±', cell: ({ uncertaintyBytes }) => formatBytes(uncertaintyBytes) },
  { title: 'median', cell: ({ medianBytes }) => formatBytes(medianBytes) },
  { title: 'least', alignsLeft: true, cell: ({ least }) => ends(least) },
  { title: 'most', alignsLeft: true, cell: ({ most }) => ends(most) },
]

/** A row for each thread: its heap, and what it holds of the largest caches, at most so many. */
export function threadColumns({ threads, caches }: ThreadsReport, cachesMost: number): TableColumn<ThreadResult>[] {
  const held = new Map(
    threads.map((thread) => [thread, new Map(joinThreads([thread]).map(({ name, totalBytes }) => [name, totalBytes]))]),
  )
  return [
    { title: 'thread', alignsLeft: true, cell: ({ threadId }) => threadName(threadId) },
    { title: 'heap used', cell: ({ heapUsedBytes }) => formatBytes(heapUsedBytes) },
    { title: 'heap', cell: ({ heapTotalBytes }) => formatBytes(heapTotalBytes) },
    { title: 'was', alignsLeft: true, cell: ({ status }) => status.replace('-', ' ') },
    ...caches.slice(0, cachesMost).map(({ name }) => ({
      title: printable(name, TITLE_LENGTH),
      cell: (thread: ThreadResult) => formatBytes(held.get(thread)?.get(name) ?? null),
    })),
  ]
}

/** Why a thread was not measured; empty where it was. */
export function problemsOfThread({ threadId, error }: ThreadResult): string[] {
  if (error === undefined) return []
  return [`${threadName(threadId)} failed: ${error.code}: ${printable(error.message, 300)}`]
}
