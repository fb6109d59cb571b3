/**
 * One report over all threads of this process: each is asked for its caches, one after the other.
 *
 * Rule: a thread that cannot answer costs its own column. Only the main thread asks, so that no two ask at once.
 */
import v8 from 'node:v8'
import { askWorkers } from '../breakdown/worker-watch.js'
import { attributeHere } from '../coordinator/thread-answers.js'
import { ATTRIBUTION_MODES } from '../report/types.js'
import type { AttributionMode } from '../report/types.js'
import { abortSignal, number, oneOf, optional, resolveOptions } from '../support/options.js'
import { askThread } from '../twin/threads/ask-thread.js'
import { inAskingTurn } from '../twin/threads/asking-turn.js'
import { joinThreads } from './join-threads.js'
import type { ThreadResult, ThreadsReport } from './types.js'

/** How {@link attributeThreads} asks. */
export interface AttributeThreadsOptions {
  /** As of `attribute()`. @default what each coordinator does by default */
  readonly mode?: AttributionMode | undefined
  /** Milliseconds within which a thread must begin to answer: one whose event loop is blocked for longer is `failed`. @default 2000 */
  readonly answerTimeoutMs?: number | undefined
  /** Milliseconds within which the run of a thread must end. @default 120000 */
  readonly timeoutMs?: number | undefined
  /** Ends the run under way; threads that were not asked yet are `failed` with `ERR_RUN_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** Longer cannot be waited for by a timer. */
const TIMEOUT_MOST_MS = 2 ** 31 - 1

/**
 * Asks every thread of this process for its caches, one after the other, and gives one report. The coordinators of workers are found
 * without registration, in workers that started before this call or later. The event loop of each thread pauses as for its own `attribute()`.
 *
 * @throws CacheAttributionError `ERR_THREADS_MAIN` in a worker thread; `ERR_RUN_IN_PROGRESS` if another call is under way; `ERR_ADDON_MISSING`;
 *   `ERR_OPTION_*`
 * @example
 * const report = await attributeThreads()
 * for (const { name, threads, totalBytes } of report.caches) console.log(name, threads, totalBytes)
 */
export async function attributeThreads(options?: AttributeThreadsOptions): Promise<ThreadsReport> {
  const timeout = number({ min: 1, max: TIMEOUT_MOST_MS })
  const { mode, answerTimeoutMs, timeoutMs, signal } = resolveOptions('attributeThreads()', options, {
    mode: optional(oneOf(...ATTRIBUTION_MODES)),
    answerTimeoutMs: { check: timeout, fallback: 2000 },
    timeoutMs: { check: timeout, fallback: 120_000 },
    signal: optional(abortSignal),
  })
  return inAskingTurn('attributeThreads()', async (threads) => {
    const startedAt = new Date()
    const startedMs = performance.now()
    const results = [await askMain({ mode, signal })]
    const bounds = { answerTimeoutMs, timeoutMs, signal }
    for (const { threadId, answering } of threads.list() ?? []) {
      if (threadId > 0 && answering > 0) {
        const asked = mode === undefined ? {} : { mode }
        const { discovery: _, ...column } = await askThread(threads, threadId, 'attribute', asked, bounds)
        results.push(column)
      }
    }
    results.push(...(await withoutCoordinator(results)))
    return {
      schemaVersion: 1,
      pid: process.pid,
      startedAt: startedAt.toISOString(),
      durationMs: performance.now() - startedMs,
      rssBytes: process.memoryUsage.rss(),
      threads: results,
      caches: joinThreads(results),
    }
  })
}

async function askMain(options: object): Promise<ThreadResult> {
  const [reports, error] = await attributeHere(options)
  const { used_heap_size: heapUsedBytes, total_heap_size: heapTotalBytes } = v8.getHeapStatistics()
  const status = error === null ? 'measured' : 'failed'
  return { threadId: 0, status, heapUsedBytes, heapTotalBytes, reports, ...(error === null ? {} : { error }) }
}

/** Workers that were heard of and have nobody to ask. */
async function withoutCoordinator(asked: readonly ThreadResult[]): Promise<ThreadResult[]> {
  const ids = new Set(asked.map(({ threadId }) => threadId))
  const workers = await askWorkers()
  return workers
    .filter(({ threadId }) => threadId > 0 && !ids.has(threadId))
    .map(({ threadId, usedBytes, committedBytes }) => ({
      threadId,
      status: 'without-coordinator' as const,
      heapUsedBytes: usedBytes,
      heapTotalBytes: committedBytes,
      reports: [],
    }))
}
