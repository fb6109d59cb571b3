/**
 * By how much resident memory falls: in a twin, after a release, every freed page goes back to the system and RSS is read.
 *
 * Rule: in twins only. A service keeps freed pages for what it allocates next, and is never asked to give them up.
 */
import { addonOrNull } from '../allocator/binding.js'
import type { Figures } from '../measure/figures.js'
import type { Instrument } from '../measure/window.js'
import { IS_AGENT } from '../support/own-package.js'
import { readText } from '../support/read-text.js'

/** A heap that shrank by less has no page to give back, and V8's part of the purge is two collections. */
export const HEAP_LEAST_BYTES = 256 * 1024

/** V8 11 (Node 20) keeps the text by which an agent came, as garbage, for some purges. */
const KEEPS_GARBAGE = IS_AGENT && Number.parseInt(process.versions.v8, 10) < 12
/** Purges come again until one frees less than the last bound: so often, and for so long where collections are slow. */
const PREPARE = { leastRounds: KEEPS_GARBAGE ? 6 : 1, mostRounds: 6, durationMs: 2_000, stableBytes: 32 * 1024 }

/** Reads by how much this twin's resident memory falls from one call to the next. */
export class ReturnedPages {
  readonly #instrument: Pick<Instrument, 'collector' | 'environment' | 'sampler'>
  #residentBytes: number | null = null
  /** The memory that purges freed in the allocator: V8 keeps notes of each page in its pool. */
  #droppedBytes = 0

  constructor(instrument: Pick<Instrument, 'collector' | 'environment' | 'sampler'>) {
    this.#instrument = instrument
  }

  /** Before the first reading of a run: what a purge drops beside pages must be nobody's release. */
  prepare(): void {
    const { environment } = this.#instrument
    const endMs = environment.now() + PREPARE.durationMs
    let before = environment.heapUsedBytes()
    for (let round = 1; round <= PREPARE.mostRounds && environment.now() < endMs; round++) {
      if (!purge(true)) return
      const after = environment.heapUsedBytes()
      if (round >= PREPARE.leastRounds && before - after < PREPARE.stableBytes) return
      before = after
    }
  }

  /**
   * From here on falls are counted.
   *
   * @param withHeap gives back V8's pages first: what collections have freed since the last purge is nobody's then
   */
  begin(withHeap = false): void {
    this.#residentBytes = this.#purged(withHeap)
  }

  /**
   * The fall since the last call; null where resident memory cannot be read, or the allocator keeps its pages.
   *
   * @param heapFallBytes by how much the heap in use shrank meanwhile
   */
  fall(heapFallBytes: number): number | null {
    const before = this.#residentBytes
    if (before === null) return null
    this.#residentBytes = this.#purged(heapFallBytes >= HEAP_LEAST_BYTES)
    return this.#residentBytes === null ? null : before - this.#residentBytes
  }

  /** Resident bytes when every freed page was given back. */
  #purged(withHeap: boolean): number | null {
    const { collector, sampler } = this.#instrument
    const allocatedBytes = sampler.readLiveBytes()
    const isPurged = purge(withHeap)
    // A young generation without pages makes new ones, each with notes of its own, in the next collection.
    if (withHeap) collector?.minor()
    const droppedBytes = allocatedBytes - sampler.readLiveBytes()
    if (!Number.isNaN(droppedBytes)) this.#droppedBytes += droppedBytes
    return isPurged ? residentBytes() : null
  }

  /** Figures as they would be had nothing been purged: what a purge frees is no window's. */
  asUnpurged(figures: Figures): Figures {
    const { allocatedBytes } = figures
    return allocatedBytes === null ? figures : { ...figures, allocatedBytes: allocatedBytes + this.#droppedBytes }
  }
}

/** The allocator's pages and, where it pays, V8's. False where the allocator is not known to give them back. */
function purge(withHeap: boolean): boolean {
  const binding = addonOrNull()?.twin ?? null
  if (binding === null) return false
  // V8 frees memory of the allocator beside its own pages.
  const hasHeap = !withHeap || binding.purgeHeap()
  return binding.purgeAllocator() && hasHeap
}

/**
 * Memory that no file is behind: what a process of its own would have resident of it. Pages of files come and go with what is
 * read, and are no cache's.
 */
function residentBytes(): number | null {
  const kilobytes = /^Anonymous:\s+(\d+) kB$/m.exec(readText('/proc/self/smaps_rollup') ?? '')?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}
