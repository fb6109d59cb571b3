/** The residual of a report: who allocated what lives after every release. */

/** Memory that one stack allocated and that still lives. */
export interface ResidualStack {
  /** Estimated from the samples. */
  readonly bytes: number
  readonly objects: number
  /** The innermost call first, without the allocator's own. */
  readonly frames: readonly string[]
}

/**
 * The memory that lives after every release, by the native stacks that allocated it: of the allocator's memory, and of what was
 * allocated while profiling was on. The objects of V8's heap are no part of it.
 */
export interface ReportResidual {
  /**
   * `twin`: right after the last release, with nothing filled again. `process`: at the end of the run, so what caches
   * filled again meanwhile is part of it.
   */
  readonly takenIn: 'twin' | 'process'
  /** Mean distance of samples in allocated bytes; null unknown. */
  readonly sampleBytes: number | null
  /** All stacks together; less than the floor by what was allocated while profiling was off. */
  readonly sampledBytes: number
  /** The largest, the largest first. */
  readonly stacks: readonly ResidualStack[]
  /** The bytes in none of `stacks`. */
  readonly otherBytes: number
  /** Remarks on the profile for a reader, for example a file whose names could not be read. */
  readonly comments: readonly string[]
}
