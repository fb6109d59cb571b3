/**
 * Settling in a twin: collections alone. No other thread exists that could work on anything, so nothing is drained.
 */
import { runMicrotasks } from './child.js'
import { leastOf } from '../measure/figures.js'
import type { Figures } from '../measure/figures.js'
import type { Instrument } from '../measure/window.js'
import { processorMs } from '../support/processor-time.js'

/**
 * V8 11 (Node 20) keeps such a page from one window to the next; later versions do not, and each moving of survivors
 * without the threads that take part in it would leave them with growing lists.
 */
const MOVES_GARBAGE = Number.parseInt(process.versions.v8, 10) < 12

/**
 * V8 counts what is left of the page to which it moves survivors as used, up to 256 KiB, until it moves on to another,
 * and each page has some KiB of malloc() beside it. Where collections are short they are repeated, a page's worth of
 * garbage is moved in between, and the least holds; where they are long a page is nothing. Short and long by processor time: a busy
 * machine makes no heap larger.
 */
const ROUNDS_MAX = MOVES_GARBAGE ? 4 : 2
const ROUNDS_MS = 250
/** In a discovery, whose rows are larger: a heap of some 50 MB and more is collected once in each window. */
export const DISCOVERY_ROUNDS_MS = 60
/** A chain of this many finalizers, each of which drops the target of the next, is followed to its end. */
const FINALIZER_ROUNDS_MAX = 16
/** Memory that finalizers free counts from here on; less is what a notice of Node's own holds. */
const FREED_LEAST_BYTES = 1024

/** The live bytes, and how long it took to find them out. */
export interface SettledFigures {
  readonly figures: Figures
  readonly tookMs: number
  readonly processorMs: number
}

/**
 * Collects and reads, and gives the least of the quantities that collections move: more is what they hold themselves for a while. What
 * finalizers drop is collected as well, and only what was read after the last of them counts.
 *
 * @param runFinalizers runs those that wait; true: another collection may find more
 * @param roundsMs collections are repeated until they have taken so long
 */
export function settleInTwin(
  instrument: Instrument,
  runFinalizers = (): boolean => instrument.finalizers?.run() === true,
  roundsMs = ROUNDS_MS,
): SettledFigures {
  const { collector, environment, sampler } = instrument
  const startMs = environment.now()
  const startProcessorMs = processorMs()
  sampler.mapped.prepare(collector)
  endTurn()
  let figures: Figures | undefined
  let usedMs: number
  let hasDropped: boolean
  let sinceDropped = 0
  let inAll = 0
  do {
    figures =
      sinceDropped === 0 || figures === undefined ? firstRound(instrument) : leastOf(figures, nextRound(instrument))
    hasDropped = finalize(instrument, runFinalizers)
    sinceDropped = hasDropped ? 0 : sinceDropped + 1
    inAll++
    usedMs = processorMs() - startProcessorMs
  } while (hasDropped ? inAll < FINALIZER_ROUNDS_MAX : sinceDropped < ROUNDS_MAX && usedMs < roundsMs)
  if (stringTableShrinks(instrument)) figures = leastOf(figures, nextRound(instrument))
  const tookMs = environment.now() - startMs
  return { figures: { ...figures, mappedBytes: sampler.mapped.read() }, tookMs, processorMs: usedMs }
}

function read({ sampler }: Instrument): Figures {
  sampler.readLiveBytes()
  return sampler.figures('without mapped')
}

/** Of the allocator only its second reading counts: until the minor GC backing stores of dead Buffers may be there. */
function firstRound(instrument: Instrument): Figures {
  const { collector, sampler } = instrument
  collector?.major()
  sampler.noteHeap()
  const { heapBytes } = read(instrument)
  collector?.minor()
  const figures = read(instrument)
  return { ...figures, heapBytes: Math.min(heapBytes, figures.heapBytes) }
}

function nextRound(instrument: Instrument): Figures {
  const { collector, sampler } = instrument
  shrinkStringTable()
  if (MOVES_GARBAGE) moveGarbage(collector)
  collector?.major()
  sampler.noteHeap()
  const figures = read(instrument)
  collector?.minor()
  return leastOf(figures, read(instrument))
}

/** Whether the finalizers that waited, and the microtasks that they queued, dropped or freed something. */
function finalize({ sampler }: Instrument, runFinalizers: () => boolean): boolean {
  const before = sampler.readLiveBytes()
  const hasDropped = runFinalizers()
  if (hasDropped) endTurn()
  return hasDropped || before - sampler.readLiveBytes() > FREED_LEAST_BYTES
}

/**
 * Work that a release started without waiting for it, and the objects that V8 keeps for the WeakRefs that were looked at in this
 * turn, would live to the end of the twin: no other turn comes.
 */
function endTurn(): void {
  try {
    runMicrotasks()
  } catch {
    // Thrown by what nobody waits for.
  }
}

/** A table of strings has as much, and a string that enters one that stays as it is has nothing. */
const TABLE_LEAST_BYTES = 8 * 1024
let strings = 0

/** Whether it does, which shows by the new one's memory. Where collections were repeated it has done so. */
function stringTableShrinks({ sampler }: Instrument): boolean {
  const before = sampler.readLiveBytes()
  shrinkStringTable()
  return sampler.readLiveBytes() - before > TABLE_LEAST_BYTES
}

/**
 * The table of names and keys is smaller by the time that the next one enters it, if many are gone, and its old memory goes
 * with the next collection: so it goes with the row whose release let it shrink, and not with a later one.
 */
function shrinkStringTable(): void {
  Reflect.set({}, `cache-attribution ${String(strings++)}`, true)
}

/** Garbage of more than a page, old by the time that it is garbage; in a function of its own, so that nothing holds it. */
function moveGarbage(collector: Instrument['collector']): void {
  const garbage = Array.from({ length: 60 }, (_, index) => new Array<number>(800).fill(index + 0.5))
  // Survivors of two collections are moved to the old generation.
  collector?.minor()
  collector?.minor()
  garbage.length = 0
}
