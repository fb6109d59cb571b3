/** The common story of many reports: how a cache, or the floor below all caches, changes with time. */

/**
 * `stable`: no growth that matters. `saturating`: it grew, and the growth is dying down. `growing`: it grows for sure;
 * whether it will stop cannot be known yet. `unbounded`: it grew by much, and as fast in the end as in the beginning.
 * `unknown`: too little was seen, or it scatters too much, to tell growth from none.
 */
export type TrendVerdict = 'stable' | 'saturating' | 'growing' | 'unbounded' | 'unknown'

/** A rate with its 95 % interval, in bytes per hour. */
export interface TrendSlope {
  /** Theil–Sen: the median of the slopes between all pairs of readings of one process lifetime. */
  readonly bytesPerHour: number
  readonly lowBytesPerHour: number
  readonly highBytesPerHour: number
}

/** A straight piece of a trend: between the first and the last reading of the level that was read last. */
export interface TrendLine {
  /** ISO 8601. */
  readonly from: string
  readonly to: string
  readonly fromBytes: number
  readonly toBytes: number
}

/** The rest of a size over days, when live releases empty a cache again and again. */
export interface Refill {
  /** How fast it fills right after a release; null where nothing was read on the way. */
  readonly bytesPerHour: number | null
  /** Whether filling comes to an end; null where that cannot be known yet. */
  readonly saturates: boolean | null
  /** Where it comes to an end; null where it does not, or cannot be known. */
  readonly boundBytes: number | null
  /** How many refills were seen. */
  readonly refills: number
}

/** How one quantity changes with time. */
export interface Trend {
  readonly verdict: TrendVerdict
  /** Why, in one line. */
  readonly evidence: string
  /** Null where there are too few readings for an interval. */
  readonly slope: TrendSlope | null
  /** Where that slope lies, to be drawn through the readings; null where there is none. */
  readonly line: TrendLine | null
  /** Two-sided p of the Mann–Kendall test, corrected for noise that resembles itself; null with too few readings. */
  readonly significance: number | null
  readonly lastBytes: number | null
  /** Readings that it rests on. */
  readonly readings: number
  /** Process lifetimes that they come from; each has a level of its own. */
  readonly lifetimes: number
  /** From the first of them to the last. */
  readonly spanHours: number
  /** Whether the sizes were measured by runs, or estimated between runs (from counts of entries), or claimed. */
  readonly basis: 'measured' | 'estimated' | 'claimed'
  /** Of a cache that live releases emptied: what counts in place of its slope. */
  readonly refill?: Refill
}

/** The floor's trend is what decides about a leak: the whole, and which of the memories grows. */
export interface FloorTrend extends Trend {
  /** The allocator's part: Buffers, native memory. Null where it has no statistics. */
  readonly allocated: Trend | null
  /** V8's part: JavaScript objects. */
  readonly heap: Trend | null
  /** Memory that V8 maps itself: WebAssembly memories, resizable buffers. Null where it was never read. */
  readonly mapped: Trend | null
}

/** When the process reaches its memory limit, if the growth continues. */
export interface Forecast {
  readonly limitBytes: number
  readonly limitSource: 'cgroup' | 'configured'
  /** RSS now. */
  readonly usedBytes: number
  /** Of everything that grows. */
  readonly slope: TrendSlope
  /** ISO 8601; null where it lies more than a hundred years ahead. */
  readonly at: string | null
  /** At the upper end of the rate's interval. */
  readonly earliest: string | null
  /** At its lower end; null: perhaps never. */
  readonly latest: string | null
}

/** How what an owner keeps alive changes over the observations in which it was found. */
export interface OwnerGrowth {
  readonly script: string | null
  readonly path: string
  readonly className: string
  readonly trend: Trend
}

/** The trends of one history. */
export interface Trends {
  readonly caches: readonly { readonly name: string; readonly trend: Trend }[]
  /** Owners that nobody registered, in reports with `discover`: each known again by its script, path and class. */
  readonly owners: readonly OwnerGrowth[]
  readonly floor: FloorTrend
  /** Null where nothing grows, or no limit is known. */
  readonly forecast: Forecast | null
}
