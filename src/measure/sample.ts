/**
 * Samples: one reading of the allocator, V8 and the process.
 *
 * Rule: inside a window figures go into preallocated memory and become objects afterwards; the figures of a window are
 * those of its drain's last reading, since any call after it may set V8 compiling. This folder holds the only code that
 * advances the allocator's epoch.
 */
import { addonOrNull } from '../allocator/binding.js'
import type { Allocator } from '../allocator/port.js'
import { SLOT, SLOT_COUNT, liveBytes } from '../allocator/port.js'
import type { Environment, ProcessFigures } from '../support/environment.js'
import type { Figures, Reading } from './figures.js'
import { mappedSource } from './mapped.js'
import type { MappedSource } from './mapped.js'

export type { Figures } from './figures.js'

/** The process's memory at one moment, in bytes; a statistic that the allocator lacks is null. */
export interface MemorySample {
  /** jemalloc's `epoch`, the number of the statistics snapshot. */
  readonly epoch: number | null
  /** Live: {@link MemorySample.rawAllocatedBytes} less what thread caches hold and the profiler adds. */
  readonly allocatedBytes: number | null
  /** `stats.allocated` as read (glibc: `uordblks + hblkhd`). */
  readonly rawAllocatedBytes: number | null
  /** `stats.arenas.4096.tcache_bytes` + `tcache_stashed_bytes`: freed, but in thread caches. */
  readonly tcacheBytes: number | null
  /**
   * Counted in `rawAllocatedBytes` beyond the size of the blocks: jemalloc's profiler gives each small block that it
   * samples 16 KiB. 0 without it; null where it does not report them (start with `MALLOC_CONF=prof_stats:true`). In a twin it
   * is what this one thread's own counts of allocations show to be counted too much since the fork.
   */
  readonly overcountBytes: number | null
  /** `stats.active`. */
  readonly activeBytes: number | null
  /** `stats.resident`. */
  readonly residentBytes: number | null
  /** `stats.retained`. */
  readonly retainedBytes: number | null
  /** `stats.mapped` (glibc: `arena + hblkhd`). */
  readonly allocatorMappedBytes: number | null
  /** `stats.metadata`. */
  readonly metadataBytes: number | null
  /** V8's `used_heap_size` of the isolate that measured. */
  readonly heapUsedBytes: number
  /** V8's committed heap, of the same isolate. */
  readonly heapTotalBytes: number
  /**
   * Resident bytes that V8 maps itself for WebAssembly memories, resizable ArrayBuffers and growable SharedArrayBuffers of
   * the same isolate; part of neither other quantity. Null where they cannot be read.
   */
  readonly mappedBytes: number | null
  /** V8's own count of memory outside its heap; overlaps `allocatedBytes` and `mappedBytes`: never add them. */
  readonly externalBytes: number
  /** The part of `externalBytes` that backs ArrayBuffers. */
  readonly arrayBuffersBytes: number
  readonly rssBytes: number
  /** ISO 8601. */
  readonly takenAt: string
}

/** Reads; holds the memory that readings go to. */
export interface Sampler {
  /** Memory that V8 maps itself, which every figure and sample reads last. */
  readonly mapped: MappedSource
  /** One reading of a drain: reads the allocator and the heap, keeps both, and gives the live bytes; NaN where unknown. */
  readLiveBytes(): number
  /**
   * Reads the heap right after a major GC, and as V8 reported it at the very end of that. The next to allocate in the old
   * space, a thread that compiles or V8 on this one, reserves up to a page (256 KiB), which counts as used until the next
   * major GC: of all readings after one collection the smallest is the right one.
   */
  noteHeap(): void
  /**
   * The attributed quantities, as the last reading found them; without one since the last call, as they are now. The drain waits for
   * everything that its own code sets off, a reading of its own after it would not: V8 once began to compile that very
   * function there, and its 80 KB were some cache's. `without mapped` leaves those null: they are read where it counts.
   */
  figures(mapped?: 'without mapped'): Reading
  /** A whole sample; its figures are those of {@link Sampler.figures} at the same moment. */
  sample(): MemorySample
}

/** A sampler over an allocator. What is mapped is read after the other quantities, since that reading may allocate. */
export function createSampler(
  allocator: Allocator,
  environment: Environment,
  mapped: MappedSource = mappedSource(environment),
): Sampler {
  const slots = new Float64Array(SLOT_COUNT)
  const readAtEnd = environment.readsHeapInMajorGcs === true ? addonOrNull() : null
  let liveNow = NaN
  /** The least since the last major GC; infinite where nothing was read since the last figures. */
  let leastHeapBytes = Infinity
  const readLiveBytes = (): number => {
    allocator.readInto(slots)
    liveNow = liveBytes(slots)
    leastHeapBytes = Math.min(leastHeapBytes, environment.heapUsedBytes())
    return liveNow
  }
  const takeHeap = (): number => {
    const bytes = leastHeapBytes
    leastHeapBytes = Infinity
    return bytes
  }
  return {
    mapped,
    readLiveBytes,
    noteHeap: () => {
      leastHeapBytes = environment.heapUsedBytes()
      const atEndBytes = readAtEnd?.heapAfterMajorGc() ?? NaN
      if (isPlausible(leastHeapBytes - atEndBytes)) leastHeapBytes = atEndBytes
    },
    figures: (without) => {
      if (leastHeapBytes === Infinity) readLiveBytes()
      return {
        allocatedBytes: orNull(liveNow),
        heapBytes: takeHeap(),
        mappedBytes: without === undefined ? mapped.read() : null,
        ...promotableOf(slots),
        ...othersOf(slots),
      }
    },
    sample: () => {
      readLiveBytes()
      // The heap is read by then: what the other readings allocate on it must not be part of it.
      return toSample(
        slots,
        { heapUsedBytes: takeHeap(), mappedBytes: mapped.read(), ...environment.figures() },
        environment.date(),
      )
    },
  }
}

/** Nothing where what the profiler adds is known, and taken off, or where there is no jemalloc. */
function promotableOf(slots: Float64Array): Pick<Reading, 'promotable'> {
  const at = (slot: number): number => slots[slot] ?? NaN
  const extentBytes = at(SLOT.overcountMost)
  if (!Number.isNaN(at(SLOT.overcount)) || Number.isNaN(extentBytes)) return {}
  const cachedBytes = (orNull(at(SLOT.tcache)) ?? 0) + (orNull(at(SLOT.tcacheStashed)) ?? 0)
  return { promotable: { extentBytes, cachedBytes } }
}

/** Nothing where nobody else is counted, and none ever was. */
function othersOf(slots: Float64Array): Pick<Reading, 'others'> {
  const at = (slot: number): number => slots[slot] ?? NaN
  const others = {
    count: at(SLOT.otherThreads),
    allocatedBytes: at(SLOT.othersAllocated),
    freedBytes: at(SLOT.othersFreed),
    changes: at(SLOT.othersChanges),
  }
  return Number.isNaN(others.count) ? {} : { others }
}

/** The most that is reserved in so short a time; more means that V8's figures are not where they are taken to be. */
const RESERVED_MOST_BYTES = 4 * 1024 * 1024

function isPlausible(reservedBytes: number): boolean {
  return reservedBytes >= 0 && reservedBytes <= RESERVED_MOST_BYTES
}

/** The attributed quantities of a sample. */
export function figuresOf({ allocatedBytes, heapUsedBytes, mappedBytes }: MemorySample): Figures {
  return { allocatedBytes, heapBytes: heapUsedBytes, mappedBytes }
}

/** The same sample with other figures. */
export function withFigures(sample: MemorySample, { allocatedBytes, heapBytes, mappedBytes }: Figures): MemorySample {
  return { ...sample, allocatedBytes, heapUsedBytes: heapBytes, mappedBytes }
}

function toSample(
  slots: Float64Array,
  figures: ProcessFigures & { readonly heapUsedBytes: number; readonly mappedBytes: number | null },
  takenAt: Date,
): MemorySample {
  const at = (slot: number): number | null => orNull(slots[slot] ?? NaN)
  const tcache = at(SLOT.tcache)
  return {
    epoch: at(SLOT.epoch),
    allocatedBytes: orNull(liveBytes(slots)),
    rawAllocatedBytes: at(SLOT.rawAllocated),
    tcacheBytes: tcache === null ? null : tcache + (at(SLOT.tcacheStashed) ?? 0),
    overcountBytes: at(SLOT.overcount),
    activeBytes: at(SLOT.active),
    residentBytes: at(SLOT.resident),
    retainedBytes: at(SLOT.retained),
    allocatorMappedBytes: at(SLOT.mapped),
    metadataBytes: at(SLOT.metadata),
    ...figures,
    takenAt: takenAt.toISOString(),
  }
}

function orNull(bytes: number): number | null {
  return Number.isNaN(bytes) ? null : bytes
}
