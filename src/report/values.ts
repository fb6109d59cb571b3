/** The values that reports are made of. */
import type { ErrorCode, WarningCode } from '../support/errors.js'

/** A change in memory, in bytes. Positive: memory came back. Null: not known. Negative numbers are kept. */
export interface AttributedBytes {
  /** Live bytes of the allocator. */
  readonly allocatedBytes: number | null
  /** V8's `used_heap_size`. */
  readonly heapBytes: number | null
  /** Resident bytes that V8 maps itself: WebAssembly memories, resizable ArrayBuffers, growable SharedArrayBuffers. */
  readonly mappedBytes: number | null
  /**
   * Together (they do not overlap); null where either of the first two is. Where mapped bytes cannot be read the total is of
   * the other two.
   */
  readonly totalBytes: number | null
}

/**
 * What became of a cache in a run: `released` or `trimmed` as asked; `failed` threw or rejected; `timed-out` missed
 * `releaseTimeoutMs` or was aborted on the way; `skipped` was never asked.
 */
export type CacheStatus = 'released' | 'trimmed' | 'failed' | 'timed-out' | 'skipped'

/** A failure as data. */
export interface RowError {
  readonly code: ErrorCode
  readonly message: string
  /** The signal that ended the twins in this cache's window, e.g. `SIGKILL`. */
  readonly signal?: string
}

/** What every stage of a run knows of a cache: the live run, the twin and the report each add to it. */
export interface RowFacts {
  readonly name: string
  readonly status: CacheStatus
  readonly entriesBefore: number | null
  readonly entriesAfter: number | null
  /** What the cache claimed to hold. */
  readonly claimedBytes: number | null
  /** From the start of its window to the end of its release and reads. */
  readonly durationMs: number
  readonly error?: RowError
}

/** Something a reader should know; never a failure of the run. */
export interface ReportWarning {
  readonly code: WarningCode
  readonly message: string
  /** The cache it is about; of several the first. */
  readonly cache?: string
  /** Where it is about several caches: all of them, as far as it names them. */
  readonly caches?: readonly string[]
}
