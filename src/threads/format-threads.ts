/** A report over all threads as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { fitParts } from '../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../report/format-table.js'
import { boolean, optional, resolveOptions } from '../support/options.js'
import { CACHE_OF_THREADS_COLUMNS, problemsOfThread, threadColumns, titleOfThreads } from './threads-columns.js'
import type { ThreadsReport } from './types.js'

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

/** A terminal has no room for more. */
const CACHES_SHOWN = 5

/**
 * A table of the caches over all threads, one of the threads with their heaps and caches, and why threads were not measured.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 * @example
 * console.log(formatThreads(await attributeThreads()))
 */
export function formatThreads(report: ThreadsReport, options?: FormatThreadsOptions): string {
  const { color, width } = resolveOptions('formatThreads()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const { caches, threads } = report
  const parts = [
    [paints.strong(titleOfThreads(report))],
    caches.length === 0 ? [] : formatTable(CACHE_OF_THREADS_COLUMNS, caches, paints, () => plain),
    formatTable(threadColumns(report, CACHES_SHOWN), threads, paints, () => plain),
    threads.flatMap((thread) => problemsOfThread(thread).map((line) => paints.bad(line))),
  ]
  return fitParts(parts, paints.width)
}

function plain(text: string): string {
  return text
}
