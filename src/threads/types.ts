/** The report over all threads of a process: plain JSON. */
import type { AttributionReport } from '../report/types.js'
import type { RowError } from '../report/values.js'

/** One thread of the process. */
export interface ThreadResult {
  /** As `worker_threads.threadId`; 0 is the main thread. */
  readonly threadId: number
  /**
   * `measured`: by each of its coordinators. `failed`: `error` says why, and `reports` has what was measured before. `without-coordinator`: nothing can be
   * asked of it.
   */
  readonly status: 'measured' | 'failed' | 'without-coordinator'
  /** The bytes of its isolate; null if it did not say so. */
  readonly heapUsedBytes: number | null
  readonly heapTotalBytes: number | null
  /** One of each coordinator. */
  readonly reports: readonly AttributionReport[]
  readonly error?: RowError
}

/** One thread's part of a cache. */
export interface CacheInThread {
  readonly threadId: number
  /** As in the report of the thread: of a trim the estimate. */
  readonly totalBytes: number
}

/** A cache over all threads that have one of its name. */
export interface CacheOfThreads {
  readonly name: string
  /** In how many threads it was measured. */
  readonly threads: number
  /** Their sum; null if it was measured in none. */
  readonly totalBytes: number | null
  /** Half-width of the 95 % interval of the sum; null if one is unknown. */
  readonly uncertaintyBytes: number | null
  readonly least: CacheInThread | null
  readonly medianBytes: number | null
  readonly most: CacheInThread | null
}

/** The result of {@link attributeThreads}. */
export interface ThreadsReport {
  readonly schemaVersion: 1
  readonly pid: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  /** Of the process, once: its threads share it. */
  readonly rssBytes: number
  /** The main thread first. */
  readonly threads: readonly ThreadResult[]
  /** The largest first. */
  readonly caches: readonly CacheOfThreads[]
}
