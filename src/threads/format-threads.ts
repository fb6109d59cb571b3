/** A report over all threads as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { fitParts } from '../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../report/format-table.js'
import type { TableColumn } from '../report/format-table.js'
import { boolean, optional, resolveOptions } from '../support/options.js'
import { formatBytes, formatCount, formatMs, printable } from '../support/units.js'
import type { CacheInThread, CacheOfThreads, ThreadResult, ThreadsReport } from './types.js'

/** How {@link formatThreads} writes. */
export interface FormatThreadsOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
  /**
   * Columns that a line may have, 20 or more.
   * @default those of the terminal where standard output is one and `color` is not given, else Infinity
   */
  readonly width?: number | undefined
}

const NAME_LENGTH = 60

/**
 * A table of the caches over all threads, one of the threads with their heaps, and why threads were not measured.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 */
export function formatThreads(report: ThreadsReport, options?: FormatThreadsOptions): string {
  const { color, width } = resolveOptions('formatThreads()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const { caches, threads } = report
  const parts = [
    [paints.strong(titleOf(report))],
    caches.length === 0 ? [] : formatTable(CACHE_COLUMNS, caches, paints, () => plain),
    formatTable(THREAD_COLUMNS, threads, paints, () => plain),
    threads.flatMap((thread) => problemOf(thread).map((line) => paints.bad(line))),
  ]
  return fitParts(parts, paints.width)
}

function plain(text: string): string {
  return text
}

function titleOf({ threads, caches, pid, rssBytes, durationMs }: ThreadsReport): string {
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

const CACHE_COLUMNS: readonly TableColumn<CacheOfThreads>[] = [
  { title: 'cache', alignsLeft: true, cell: ({ name }) => printable(name, NAME_LENGTH) },
  { title: 'threads', cell: ({ threads }) => formatCount(threads) },
  { title: 'sum', cell: ({ totalBytes }) => formatBytes(totalBytes) },
  { title: '±', cell: ({ uncertaintyBytes }) => formatBytes(uncertaintyBytes) },
  { title: 'median', cell: ({ medianBytes }) => formatBytes(medianBytes) },
  { title: 'least', alignsLeft: true, cell: ({ least }) => ends(least) },
  { title: 'most', alignsLeft: true, cell: ({ most }) => ends(most) },
]

const THREAD_COLUMNS: readonly TableColumn<ThreadResult>[] = [
  { title: 'thread', alignsLeft: true, cell: ({ threadId }) => threadName(threadId) },
  { title: 'heap used', cell: ({ heapUsedBytes }) => formatBytes(heapUsedBytes) },
  { title: 'heap', cell: ({ heapTotalBytes }) => formatBytes(heapTotalBytes) },
  { title: 'was', alignsLeft: true, cell: ({ status }) => status.replace('-', ' ') },
]

function problemOf({ threadId, error }: ThreadResult): string[] {
  if (error === undefined) return []
  return [`${threadName(threadId)} failed: ${error.code}: ${printable(error.message, 300)}`]
}
