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
   * Their sum (they do not overlap); null if either of the first two is. If mapped bytes cannot be read, it is the sum
   * of the other two.
   */
  readonly totalBytes: number | null
}

/**
 * The state of a cache after a run: `released` or `trimmed` as asked; `failed` threw or rejected; `timed-out` missed
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

/** By how much resident memory falls, in bytes. */
export interface ReturnedBytes {
  /** Less than `released` where others have memory on the same pages; more where the release tore pages of its neighbours free. */
  readonly residentBytes: number
  /** Half-width of the 95 % interval; null without controls to tell. */
  readonly uncertaintyBytes: number | null
}

/** jemalloc's counts of the other threads of the process in which this library is loaded. */
export interface OtherThreads {
  /** How many threads. */
  readonly count: number
  /** The bytes that they allocated. */
  readonly allocatedBytes: number
  /** The bytes that they freed, no matter which thread had allocated them. V8 frees Buffers of a thread on threads of its own, which are not counted. */
  readonly freedBytes: number
}

/** The bound of a cache that counts what its entries claim. */
export interface ClaimBound {
  /** The option of the library, such as `maxSize`. */
  readonly option: string
  /** Its value, in the bytes that the cache claims. */
  readonly maxClaimedBytes: number
}

/** The facts about a cache in every stage of a run: the live run, the twin and the report each add to it. */
export interface RowFacts {
  /** As registered. */
  readonly name: string
  /** The state of the cache after this run. */
  readonly status: CacheStatus
  /** Entries before the release; null if the cache does not count them. */
  readonly entriesBefore: number | null
  /** Entries after it; null if the cache does not count them. */
  readonly entriesAfter: number | null
  /** The bytes that the cache claimed. */
  readonly claimedBytes: number | null
  /** From the start of its window to the end of its release and reads. */
  readonly durationMs: number
  /** Why the release failed, timed out or was skipped. */
  readonly error?: RowError
}

/** An estimate of a heap profile: of the allocator's memory, from the allocations that were sampled. */
export interface SampledBytes {
  readonly allocatedBytes: number
  /** Half the width of the 95 % interval that comes from sampling; null where the profile does not say how it was sampled. */
  readonly uncertaintyBytes: number | null
}

/** Something a reader should know; never a failure of the run. */
export interface ReportWarning {
  /** Listed in docs/reference/errors.md. */
  readonly code: WarningCode
  /** One sentence for a reader. */
  readonly message: string
  /** The cache it is about; of several the first. */
  readonly cache?: string
  /** Where it is about several caches: all of them, as far as it names them. */
  readonly caches?: readonly string[]
}
