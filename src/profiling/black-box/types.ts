/** What a postmortem says. */
import type { CacheGrowth } from './cache-growth.js'
import type { BoxHeader } from './layout.js'
import type { EventRecord, SizeRecord, BoxTick } from './records.js'
import type { RunningCode } from './running-code.js'

/** How a process ended: `no-notice` is SIGKILL, the out-of-memory killer, a crash or a fatal error, which leave no mark. */
type EndKind = 'running' | 'closed' | 'exit' | 'no-notice' | 'unknown'

/** The content of a black box, and its meaning. Times are ISO 8601, sizes are bytes, unknown is null. */
export interface Postmortem {
  /** The meaning in one to three sentences. */
  readonly headline: readonly string[]
  readonly file: string
  readonly process: Omit<BoxHeader, 'sections'>
  readonly end: {
    readonly kind: EndKind
    /** The exit code; null unless `kind` is `exit`. */
    readonly code: number | null
    readonly at: string
    /** The limit of V8's heap if V8 reached it in the last half minute; else null. */
    readonly heapLimitBytes: number | null
  }
  /** The newest reading; null where the process ended before the first. */
  readonly last: BoxTick | null
  /** The last growth of resident memory; null where there was none. */
  readonly growth: GrowthFacts | null
  /** Caches in the time of the growth, or of the readings; those that grew most first. */
  readonly caches: readonly CacheGrowth[]
  /** The code that ran in that time. */
  readonly ran: RunningCode
  readonly events: readonly (Omit<EventRecord, 'wallMs'> & { readonly at: string })[]
  /** The latest report of the process. */
  readonly report: { readonly at: string; readonly content: unknown } | null
  /** The latest heap profile, compressed; `cache-attribution postmortem -o` writes it. */
  readonly profile: { readonly at: string; readonly bytes: number } | null
  /** Every reading of the last minutes, and some of the hours before. */
  readonly ticks: readonly BoxTick[]
  readonly slowTicks: readonly BoxTick[]
  readonly sizes: readonly (Omit<SizeRecord, 'number'> & { readonly name: string })[]
  /** The file ends before its sections do. */
  readonly isCutShort: boolean
}

/** Resident memory, and the parts that are known of it. */
export interface GrowthFacts {
  readonly from: string
  readonly to: string
  readonly durationMs: number
  readonly fromBytes: number
  readonly toBytes: number
  readonly bytesPerSecond: number
  /** Growth of V8's heap; null where it was not read in that time. */
  readonly heapBytes: number | null
  /** Growth of what the allocator has handed out. */
  readonly allocatedBytes: number | null
}
