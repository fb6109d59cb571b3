/** The options of a black box: what each means, its unit, its bounds, its default. */
import type { Allocator } from '../../allocator/port.js'
import { boolean, number, optional, resolveOptions, shaped } from '../../support/options.js'

/** The part of a coordinator that a black box uses. */
export interface BlackBoxCoordinator {
  readonly allocator: Allocator
  /** See `Coordinator.estimates()`. */
  estimates(): readonly {
    readonly name: string
    readonly entries: number | null
    readonly claimedBytes: number | null
    readonly estimatedBytes: number | null
    readonly estimatedUncertaintyBytes: number | null
  }[]
  /** See the events of `Coordinator`. */
  on(event: 'run-finished', listener: (finished: { readonly report: object }) => void): unknown
  off(event: 'run-finished', listener: (finished: { readonly report: object }) => void): unknown
}

/** Options of `BlackBox.open()`. */
export interface BlackBoxOptions {
  /** Its caches' sizes are recorded, and the latest report of its runs is kept. */
  readonly coordinator?: BlackBoxCoordinator | undefined
  /** Milliseconds between two readings, 20 ms to 1 minute; near the limit they come four times as often. @default 100 */
  readonly intervalMs?: number | undefined
  /**
   * The size of the file in bytes, 1 MiB to 128 MiB. With 4 MiB and 100 ms it holds every reading of the last six minutes, and one of
   * each five seconds of the last four hours.
   * @default 4 MiB
   */
  readonly maxBytes?: number | undefined
  /**
   * Whether `entries()` and `claimedBytes()` of caches are called between two statements while the event loop has not turned for
   * 0.4 seconds, at most four times a second. They are called in a turn of the loop every second in any case.
   * @default true
   */
  readonly asksBlocked?: boolean | undefined
  /** From which share of the limit on memory is near it, 0.5 to 0.99. @default 0.9 */
  readonly nearLimit?: number | undefined
  /** Bytes that count as the limit of resident memory. @default the least limit of the control groups */
  readonly limit?: number | undefined
  /**
   * Whether a heap profile is dumped near the limit where jemalloc's profiler is active, and the class histogram of a twin is
   * taken where the event loop turns and memory allows. Both are written beside the box.
   * @default true
   */
  readonly dumps?: boolean | undefined
  /** Boxes of processes that have ended which stay in a folder, 1 to 1000; the oldest are deleted first. @default 10 */
  readonly keep?: number | undefined
}

/** The same, complete. */
export interface ResolvedBlackBoxOptions {
  readonly coordinator: BlackBoxCoordinator | undefined
  readonly intervalMs: number
  readonly maxBytes: number
  readonly asksBlocked: boolean
  readonly nearLimit: number
  readonly limit: number | undefined
  readonly dumps: boolean
  readonly keep: number
}

const MIB = 1024 * 1024

/** Checks the options of a box. */
export function resolveBlackBoxOptions(options: BlackBoxOptions | undefined): ResolvedBlackBoxOptions {
  return resolveOptions<ResolvedBlackBoxOptions>('BlackBox.open()', options, {
    coordinator: optional(
      shaped<BlackBoxCoordinator>('a coordinator', (value) => 'estimates' in value && 'on' in value),
    ),
    intervalMs: { check: number({ min: 20, max: 60_000 }), fallback: 100 },
    maxBytes: { check: number({ min: MIB, max: 128 * MIB, integer: true }), fallback: 4 * MIB },
    asksBlocked: { check: boolean, fallback: true },
    nearLimit: { check: number({ min: 0.5, max: 0.99 }), fallback: 0.9 },
    limit: optional(number({ min: 1 })),
    dumps: { check: boolean, fallback: true },
    keep: { check: number({ min: 1, max: 1000, integer: true }), fallback: 10 },
  })
}
