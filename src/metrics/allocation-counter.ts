/**
 * Counters for code that makes large allocations: tens of nanoseconds a call, so that they can stand on a hot path.
 *
 * Rule: a counter reports exactly what it was given: sums of safe integers, negative ones kept.
 */
import { types } from 'node:util'
import { CacheAttributionError, describe } from '../support/errors.js'
import { text } from '../support/options.js'

/** Longest name of a counter, in UTF-16 units; its label is shorter. */
const NAME_LENGTH_MAX = 65_536
/** Names that are made up at run time would fill the memory that they are to watch. */
const COUNTERS_MAX = 1000

/** Memory that {@link AllocationCounter.track} can watch. */
export type TrackedMemory = ArrayBufferView | ArrayBufferLike

/** Counts the bytes that one piece of code allocates and frees. */
export class AllocationCounter {
  /** As it was given. */
  readonly name: string
  #allocatedBytes = 0
  #freedBytes = 0
  readonly #tracked = new WeakSet<ArrayBufferLike>()
  readonly #ends = new FinalizationRegistry<number>((bytes) => {
    this.#freedBytes += bytes
  })

  /** Use {@link allocationCounter}: it gives the same counter to everyone who asks for one name. */
  constructor(name: string) {
    this.name = name
  }

  /** Bytes counted as allocated, less those counted as freed. */
  get liveBytes(): number {
    return this.#allocatedBytes - this.#freedBytes
  }

  /** Bytes counted as allocated so far. */
  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** Bytes counted as freed so far. */
  get freedBytes(): number {
    return this.#freedBytes
  }

  /**
   * Counts an allocation, or with a negative number the end of one. Some nanoseconds.
   *
   * @param bytes a safe integer
   * @throws CacheAttributionError `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
   * @example
   * tiles.add(surface.bytes)
   * surface.onFree(() => tiles.add(-surface.bytes))
   */
  add(bytes: number): void {
    if (!Number.isSafeInteger(bytes)) throw noBytes(bytes)
    if (bytes >= 0) this.#allocatedBytes += bytes
    else this.#freedBytes -= bytes
  }

  /**
   * Counts the memory behind a Buffer, a typed array or an ArrayBuffer as allocated, and as freed when it is collected. It counts the
   * whole ArrayBuffer, once, since that is what a view keeps alive: of a small Buffer from Node's pool these are 8 KiB.
   * About a microsecond; memory that was transferred to another thread counts as freed when its husk is collected.
   *
   * @returns what it was given
   * @throws CacheAttributionError `ERR_OPTION_TYPE`
   * @example
   * const tile = allocationCounter('tiles').track(Buffer.allocUnsafeSlow(4 * 1024 * 1024))
   */
  track<T extends TrackedMemory>(memory: T): T {
    const buffer: unknown = ArrayBuffer.isView(memory) ? memory.buffer : memory
    if (!types.isAnyArrayBuffer(buffer)) {
      throw new CacheAttributionError(
        'ERR_OPTION_TYPE',
        `track() takes a Buffer, a typed array or an ArrayBuffer, got ${describe(memory)}`,
      )
    }
    if (this.#tracked.has(buffer)) return memory
    this.#tracked.add(buffer)
    const { byteLength } = buffer
    this.#allocatedBytes += byteLength
    this.#ends.register(buffer, byteLength)
    return memory
  }
}

function noBytes(bytes: unknown): CacheAttributionError {
  const code = typeof bytes === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE'
  return new CacheAttributionError(code, `add() takes a safe integer of bytes, got ${describe(bytes)}`)
}

const checkName = text(NAME_LENGTH_MAX)
const counters = new Map<string, AllocationCounter>()

/**
 * The allocation counter of a name, made at the first call. Every registry of `collectMetrics()` in this thread shows it as
 * `cache_attribution_allocation_live_bytes{counter="…"}`. Keep what it returns: looking a name up costs more than adding.
 *
 * @param name 1 to 65,536 characters; the label of a long one is shortened, with a hash
 * @throws CacheAttributionError `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`; `ERR_COUNTER_LIMIT` beyond 1,000 names
 * @example
 * const decoded = allocationCounter('decoded images')
 * function decode(file: Buffer): Buffer {
 *   return decoded.track(decodeImage(file))
 * }
 */
export function allocationCounter(name: string): AllocationCounter {
  const known = counters.get(name)
  if (known !== undefined) return known
  checkName(name, 'name')
  if (counters.size >= COUNTERS_MAX) {
    throw new CacheAttributionError(
      'ERR_COUNTER_LIMIT',
      `there are ${String(COUNTERS_MAX)} allocation counters already, and ${describe(name)} would be one more: name what allocates, not what it allocates for`,
    )
  }
  const counter = new AllocationCounter(name)
  counters.set(name, counter)
  return counter
}

/** Every counter of this thread. */
export function allocationCounters(): AllocationCounter[] {
  return [...counters.values()]
}
