/**
 * The three quantities that are attributed, and arithmetic on them; pure.
 *
 * Rule: unknown is null and stays so: a sum or a difference with an unknown part is unknown.
 */

/** The quantities that are attributed, in bytes. They do not overlap. */
export interface Figures {
  /** Live bytes of the allocator; null where it has no statistics. */
  readonly allocatedBytes: number | null
  /** V8's `used_heap_size`. */
  readonly heapBytes: number
  /**
   * Resident bytes that V8 maps itself, outside its heap and the allocator: WebAssembly memories, resizable ArrayBuffers,
   * growable SharedArrayBuffers of this isolate. Null where they cannot be read.
   */
  readonly mappedBytes: number | null
}

/** Bytes among which are those that an allocator counts and cannot tell apart: what jemalloc's profiler promoted. */
interface Promotable {
  /** In all extents of the size to which the profiler promotes small blocks. */
  readonly extentBytes: number
  /** In thread caches, where such an extent lies after it was freed. */
  readonly cachedBytes: number
}

/** jemalloc's counts so far of the other threads in which this library is loaded. */
export interface OthersCounted {
  /** How many threads. */
  readonly count: number
  readonly allocatedBytes: number
  readonly freedBytes: number
  /** Grows whenever a thread begins or ends to be counted. */
  readonly changes: number
}

/** Figures as read at one moment. */
export interface Reading extends Figures {
  /** Only where other threads are counted. */
  readonly others?: OthersCounted
  /** Only where `allocatedBytes` may have more than was handed out, by an amount that nothing shows. */
  readonly promotable?: Promotable
}

/** The name of a quantity. */
export type Quantity = keyof Figures

/** One value for each quantity. */
export type ByQuantity<Value> = Readonly<Record<Quantity, Value>>

/** Every quantity. */
export const QUANTITIES: readonly Quantity[] = ['allocatedBytes', 'heapBytes', 'mappedBytes']

/** Before anything was read. */
export const UNREAD: Figures = { allocatedBytes: null, heapBytes: 0, mappedBytes: null }

/** No change. */
export const NO_CHANGE: Figures = { allocatedBytes: 0, heapBytes: 0, mappedBytes: 0 }

/** One value for each quantity. */
export function byQuantity<Value>(of: (quantity: Quantity) => Value): ByQuantity<Value> {
  return { allocatedBytes: of('allocatedBytes'), heapBytes: of('heapBytes'), mappedBytes: of('mappedBytes') }
}

/** The fall from `before` to `after`. */
export function difference(before: Figures, after: Figures): Figures {
  return {
    allocatedBytes: less(before.allocatedBytes, after.allocatedBytes),
    heapBytes: before.heapBytes - after.heapBytes,
    mappedBytes: less(before.mappedBytes, after.mappedBytes),
  }
}

/** Both together. */
export function plus(a: Figures, b: Figures): Figures {
  return {
    allocatedBytes: join(a.allocatedBytes, b.allocatedBytes, (x, y) => x + y),
    heapBytes: a.heapBytes + b.heapBytes,
    mappedBytes: join(a.mappedBytes, b.mappedBytes, (x, y) => x + y),
  }
}

/** The lesser of each quantity. */
export function leastOf(a: Figures, b: Figures): Figures {
  return {
    allocatedBytes: join(a.allocatedBytes, b.allocatedBytes, Math.min),
    heapBytes: Math.min(a.heapBytes, b.heapBytes),
    mappedBytes: join(a.mappedBytes, b.mappedBytes, Math.min),
  }
}

/** All that is known, in one figure. */
export function knownSum({ allocatedBytes, heapBytes, mappedBytes }: Partial<ByQuantity<number | null>>): number {
  return (allocatedBytes ?? 0) + (heapBytes ?? 0) + (mappedBytes ?? 0)
}

function less(a: number | null, b: number | null): number | null {
  return join(a, b, (x, y) => x - y)
}

function join(a: number | null, b: number | null, of: (a: number, b: number) => number): number | null {
  return a === null || b === null ? null : of(a, b)
}
