/** What threads of a process say to each other: the main thread asks, each worker answers for itself. */
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { RowError } from '../../report/values.js'

/** Raised when that changes. Every version keeps the members of {@link ThreadAnswer} but `reports` and `discovery`. */
export const THREADS_PROTOCOL = 2

/** The channel on which threads are asked. */
export const THREADS_CHANNEL = 'cache-attribution.threads'

/** The wish: the reports of its coordinators, or the owners in its heap. */
export type ThreadWish = 'attribute' | 'discover'

/** A question to one thread. */
export interface ThreadQuestion {
  readonly protocol: number
  readonly kind: ThreadWish | 'abort'
  /** As `worker_threads.threadId`. */
  readonly to: number
  /** The channel on which the answers are awaited. */
  readonly reply: string
  /** Wall clock: who reads it later does not begin. */
  readonly untilMs: number
  readonly options: object
}

/** An answer: `begun` at once, then `ended`. */
export interface ThreadAnswer {
  readonly protocol: number
  readonly kind: 'begun' | 'ended'
  readonly threadId: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /** Of each coordinator. */
  readonly reports: readonly AttributionReport[]
  /** Null where it was not asked for, and where it failed. */
  readonly discovery: Discovery | null
  readonly error: RowError | null
}

/** A thread that was asked. */
export interface AskedThread extends Pick<ThreadAnswer, 'threadId' | 'reports' | 'discovery'> {
  readonly status: 'measured' | 'failed'
  /** Null where it did not answer. */
  readonly heapUsedBytes: number | null
  readonly heapTotalBytes: number | null
  readonly error?: RowError
}
