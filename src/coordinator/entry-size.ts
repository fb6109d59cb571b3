/**
 * The size of one entry, from the measurements of its cache. Pure.
 *
 * Rule: what the measurements cannot tell apart is not told apart: with one level of claims an entry is what it claims and an overhead, or a
 * share of it; only several levels show both.
 */
import { ownTimers } from '../support/own-timers.js'
import type { CalibrationPoint } from './calibration-json.js'

/** The bytes of one entry: `perEntryBytes` + `perClaimedByte` × what it claims. */
export interface EntrySize {
  /** Measured bytes, divided by the entries: keys, table and headers of objects are in it. */
  readonly bytes: number
  /** Half-width of the 95 % interval around `bytes`; null where it is not known. */
  readonly uncertaintyBytes: number | null
  /** Bytes of an entry whatever it claims. */
  readonly perEntryBytes: number
  /** Bytes for each that it claims; 0 of a cache without claims. */
  readonly perClaimedByte: number
  /**
   * `entries`: the cache claims nothing. `claims`: from one level of claims; what is measured beyond them counts for each entry alike, what is
   * missing for each claimed byte. `fit`: from several, by least squares.
   */
  readonly basis: 'entries' | 'claims' | 'fit'
  /** ISO 8601: when it was measured last. */
  readonly measuredAt: string
}

/** Claims of an entry must differ by this much between measurements for both parts to be told apart. */
const LEAST_SPREAD = 0.1

/** Null without a measurement. @param points the oldest first */
export function entrySizeOf(points: readonly CalibrationPoint[]): EntrySize | null {
  const latest = points.at(-1)
  if (latest === undefined) return null
  const { bytesPerEntry: bytes, uncertaintyPerEntry: uncertaintyBytes, measuredAt } = latest
  const facts = { bytes, uncertaintyBytes, measuredAt }
  const claimed = claimedOf(latest)
  if (claimed === null) return { ...facts, perEntryBytes: bytes, perClaimedByte: 0, basis: 'entries' }
  const fitted = fitOf(points)
  if (fitted !== null) return { ...facts, ...fitted, basis: 'fit' }
  const overhead = bytes - claimed
  return overhead >= 0
    ? { ...facts, perEntryBytes: overhead, perClaimedByte: 1, basis: 'claims' }
    : { ...facts, perEntryBytes: 0, perClaimedByte: bytes / claimed, basis: 'claims' }
}

/** What an entry claimed in a measurement, in the mean. */
function claimedOf({ bytesPerEntry, measuredPerClaimed }: CalibrationPoint): number | null {
  return measuredPerClaimed === null || measuredPerClaimed <= 0 ? null : bytesPerEntry / measuredPerClaimed
}

/** The line through bytes against claims, both of one entry; null where they do not spread, or the line is none of sizes. */
function fitOf(points: readonly CalibrationPoint[]): Pick<EntrySize, 'perEntryBytes' | 'perClaimedByte'> | null {
  const pairs = points.flatMap((point) => {
    const claimed = claimedOf(point)
    return claimed === null ? [] : [{ claimed, bytes: point.bytesPerEntry }]
  })
  const claims = pairs.map(({ claimed }) => claimed)
  const [least, most] = [Math.min(...claims), Math.max(...claims)]
  if (pairs.length < 2 || most - least < LEAST_SPREAD * most) return null
  const mean = (of: (pair: (typeof pairs)[number]) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length
  const [x, y] = [mean(({ claimed }) => claimed), mean(({ bytes }) => bytes)]
  const slope = mean(({ claimed, bytes }) => (claimed - x) * (bytes - y)) / mean(({ claimed }) => (claimed - x) ** 2)
  const perEntryBytes = y - slope * x
  return slope > 0 && perEntryBytes >= 0 ? { perEntryBytes, perClaimedByte: slope } : null
}

/** The part of a coordinator that is asked for sizes. */
export interface SizingCoordinator {
  /** Of {@link Coordinator}: the size of one entry; null before it was measured. */
  sizeOfEntry(name: string): EntrySize | null
}

/** Options of {@link calibratedSize}. */
export interface CalibratedSizeOptions<Value, Key> {
  /** What an entry is by its content, such as its length: entries that differ are told apart by it. @default undefined: entries count alike */
  readonly claimed?: ((value: Value, key: Key) => number) | undefined
  /** Bytes of an entry before the first measurement, where it claims nothing. @default 1 */
  readonly unmeasuredBytes?: number | undefined
}

/** Sizes are asked of the coordinator this seldom: `set()` is a hot path. */
const REFRESH_MS = 1000
/** Entries that the mean of claims is taken of, about. */
const MEAN_OF = 10_000

/**
 * A `sizeCalculation` for lru-cache and other caches that sum the sizes of their entries. It gives measured bytes, with keys and the
 * table's share, so that `maxSize` bounds memory. Each run updates it. Before the first run an entry counts as what it claims.
 *
 * @param name of the cache, which may be registered later
 * @returns the size of an entry in bytes, an integer of at least 1
 * @example
 * const pages = new LRUCache({ maxSize: 100 * 1024 * 1024, sizeCalculation: calibratedSize(coordinator, 'pages', { claimed: (page) => page.length }) })
 * coordinator.register('pages', fromCache(pages))
 */
export function calibratedSize<Value = unknown, Key = unknown>(
  coordinator: SizingCoordinator,
  name: string,
  { claimed, unmeasuredBytes = 1 }: CalibratedSizeOptions<Value, Key> = {},
): (value: Value, key: Key) => number {
  let size: EntrySize | null = null
  let askedMs = -Infinity
  const claims = new RunningMean()
  return (value, key) => {
    const nowMs = ownTimers.now()
    if (nowMs - askedMs >= REFRESH_MS) {
      askedMs = nowMs
      size = coordinator.sizeOfEntry(name)
    }
    const own = claimed?.(value, key)
    if (own === undefined || !(own >= 0 && own < Infinity)) return wholeBytes(size?.bytes ?? unmeasuredBytes)
    claims.add(own)
    return wholeBytes(size === null ? own : weighed(own, claims.mean, size.bytes))
  }
}

/**
 * What entries measure beyond what they claim in the mean counts for each alike; what is missing for each claimed byte. The cache's own
 * claims are no help: they are these weights, once it is sized by them.
 */
function weighed(claimed: number, meanClaimed: number, bytes: number): number {
  const overhead = bytes - meanClaimed
  return overhead >= 0 ? claimed + overhead : claimed * (bytes / meanClaimed)
}

/** The mean of what came lately. */
class RunningMean {
  #sum = 0
  #count = 0

  get mean(): number {
    return this.#sum / this.#count
  }

  add(value: number): void {
    this.#sum += value
    if (++this.#count < MEAN_OF) return
    this.#sum /= 2
    this.#count /= 2
  }
}

/** lru-cache refuses anything but positive integers. */
function wholeBytes(bytes: number): number {
  return Number.isFinite(bytes) ? Math.max(1, Math.round(bytes)) : 1
}
