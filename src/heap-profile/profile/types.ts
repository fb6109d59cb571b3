/**
 * The one model of a heap profile: jemalloc's dumps, V8's sampling profiles and residuals are all of it, and every
 * output is made of it.
 *
 * Rule: plain data, read-only, columns instead of objects where there is one for each sample, so that a profile of
 * hundreds of megabytes of text fits into a few dozen. What is not known is null, never 0.
 */

/** The unit of one column of values. */
export interface SampleType {
  /**
   * `inuse_*` is live at the time of the profile, `alloc_*` everything allocated since profiling was activated, and `temporary_*`
   * what of it is freed again. Of a profile of all memory `native_space` and `heap_space` are the parts of `inuse_space`: the
   * allocator's, and V8's.
   */
  readonly type:
    | 'inuse_objects'
    | 'inuse_space'
    | 'alloc_objects'
    | 'alloc_space'
    | 'native_space'
    | 'heap_space'
    | 'temporary_objects'
    | 'temporary_space'
  readonly unit: 'count' | 'bytes'
}

/** A heap profile. */
export interface HeapProfile {
  /** Which profiler took it; `'both'` of one of all memory. */
  readonly source: 'jemalloc' | 'v8' | 'both'
  /** The columns of `SampleTable.values`, in this order. */
  readonly sampleTypes: readonly SampleType[]
  /**
   * Mean distance of samples in allocated bytes. jemalloc's values are unbiased for it already: they estimate the whole,
   * not the sampled part. Null where the profiler does not say.
   */
  readonly sampleIntervalBytes: number | null
  /** When it was taken, ISO 8601; null where that is not known: the text of jemalloc does not contain it. */
  readonly takenAt: string | null
  /** When the file that it was read from was written, ISO 8601; left out where it was read from no file. */
  readonly writtenAt?: string
  /** How long allocations were sampled for it, in milliseconds; null where that is not known. */
  readonly durationMs: number | null
  readonly samples: SampleTable
  /** The meaning of the numbers in `SampleTable.frames`. */
  readonly frames: readonly Frame[]
  /** Files with code that the process had mapped, by their start; empty in a profile without addresses. */
  readonly mappings: readonly Mapping[]
  /** Each thread's part of it; null where the profile does not separate threads, or where that was not asked for. */
  readonly threads: ThreadTable | null
  /** Remarks for a reader, one sentence each: for example that it was cut off. */
  readonly comments: readonly string[]
}

/**
 * Samples as columns: one for each distinct stack.
 *
 * @example
 * // Bytes live by the stacks that allocated them
 * const width = profile.sampleTypes.length
 * const column = profile.sampleTypes.findIndex(({ type }) => type === 'inuse_space')
 * for (let sample = 0; sample < profile.samples.count; sample++) {
 *   const bytes = profile.samples.values[sample * width + column]
 *   const from = profile.samples.offsets[sample]
 *   const to = profile.samples.offsets[sample + 1]
 *   const stack = profile.samples.frames.subarray(from, to)
 * }
 */
export interface SampleTable {
  readonly count: number
  /** `count` rows of one value for each sample type; estimates, so not always whole. Negative in a difference. */
  readonly values: Float64Array
  /** Sample `i` has the frames from `offsets[i]` up to `offsets[i + 1]`; `count + 1` entries. */
  readonly offsets: Uint32Array
  /** Indices into {@link HeapProfile.frames}, of each stack the innermost call first. */
  readonly frames: Uint32Array
  /**
   * Variance of each sample's `inuse_space`, in bytes², where it does not follow from the values alone: of a difference, and of
   * a profile of all memory. Null: not known.
   */
  readonly variances?: Float64Array | null
}

/** One place in code: an address, a named place, or both. */
export interface Frame {
  /** Address of the call in the profiled process (of a return address, the byte before); null for a named place. */
  readonly address: bigint | null
  /** Index into {@link HeapProfile.mappings}; null for a named place, and for an address that no file backs. */
  readonly mapping: number | null
  /**
   * The names of it: the function last, functions that were inlined into it before it, innermost first. Empty while an address
   * has not been symbolized, or where no symbol covers it.
   */
  readonly functions: readonly FrameFunction[]
}

/** A function and the line in it that a frame stands for. */
export interface FrameFunction {
  /** As people read it: demangled. */
  readonly name: string
  /** As the linker knows it; null where there is none (JavaScript), or where it is the same as `name`. */
  readonly linkerName: string | null
  /** Path or URL of the source; null unknown. */
  readonly file: string | null
  /** Line, from 1; null unknown. */
  readonly line: number | null
}

/** A stretch of a file that was mapped for execution. */
export interface Mapping {
  readonly start: bigint
  /** The first address behind it. */
  readonly end: bigint
  readonly fileOffset: bigint
  /** Path in the profiled process; `[vdso]` and the like as the kernel calls them. */
  readonly file: string
  /** Build-id as lower-case hex digits; null while not looked up, or where the file has none. */
  readonly buildId: string | null
  /** By what the file is known again where there is no build-id; left out where the profile does not say. */
  readonly identity?: FileIdentity
}

/** The mark that tells a mapped file from another at the same path. */
interface FileIdentity {
  /** Of the file system, as `/proc/PID/maps` writes it: `fe:00`. */
  readonly device: string
  readonly inode: number
  /** Only in dumps that this library wrote. */
  readonly bytes?: number
  /** Time of the last change, in milliseconds since 1970; only in dumps that this library wrote. */
  readonly modifiedMs?: number
}

/** Rows of threads as columns: one for each pair of a stack and a thread that allocated there. */
export interface ThreadTable {
  /** jemalloc's numbers of the threads, and their names where they have one. */
  readonly list: readonly { readonly id: number; readonly name: string | null }[]
  readonly count: number
  /** Of each row the index into the samples. */
  readonly samples: Uint32Array
  /** Of each row the index into {@link ThreadTable.list}. */
  readonly threads: Uint32Array
  /** `count` rows of one value for each sample type. */
  readonly values: Float64Array
}

/** Name of a sample type. */
export type SampleTypeName = SampleType['type']
