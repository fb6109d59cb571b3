/**
 * Which objects that V8's heap profiler sampled are gone. V8 gives the samples of collected objects where it is asked to, and
 * does not say which those are; its own list does, and is read natively.
 *
 * Rule: nothing is believed that was not tried. Before the first use in a process an object that is kept and one that is dropped are sampled: they
 * must come back as that. Later on every sample that V8 gives must stand in the list.
 */
import { addonOrNull, reasonAddonMissing } from '../../allocator/binding.js'

/** The numbers of samples whose objects are gone; or why that is not known, in words for a reader. */
export type FreedSamples = ReadonlySet<number> | string

/** A sample as V8 gives it. */
export interface GivenSample {
  readonly size: number
  readonly nodeId: number
  readonly ordinal: number
}

/** Sampling of V8's heap that is not under way yet: for the trial. */
interface Trial {
  /** Begins, a sample each `intervalBytes`, those of collected objects included. */
  begin(intervalBytes: number): void
  /** All samples so far, after a collection. */
  samples(): readonly GivenSample[]
  end(): void
}

/** The outcome of the trial: empty where it went well. */
let failure: string | undefined

/** The samples of V8's profiler, which runs in this thread, whose objects are gone. `given` is what V8 gave just before. */
export function freedSamples(given: readonly GivenSample[]): FreedSamples {
  const binding = addonOrNull()
  if (binding === null) return `it takes the addon: ${reasonAddonMissing()?.reason ?? 'it is not there'}`
  let numbers = new Float64Array(given.length + SPARE)
  let count = binding.heapSamples(numbers)
  if (typeof count === 'number' && count > numbers.length) {
    numbers = new Float64Array(count + SPARE)
    count = binding.heapSamples(numbers)
  }
  if (typeof count === 'string') return count
  if (count > numbers.length) return 'more is sampled than can be read'
  const listed = new Set<number>()
  const freed = new Set<number>()
  for (const number of numbers.subarray(0, count)) {
    listed.add(Math.abs(number))
    if (number < 0) freed.add(-number)
  }
  return given.every(({ ordinal }) => listed.has(ordinal)) ? freed : 'the list that was found is not the one of V8'
}

/** Tries it once in a process. Null: it works; else why it does not. */
export function whyFreedUnknown(trial: Trial): string | null {
  failure ??= tried(trial)
  return failure === '' ? null : failure
}

/** Room for what is sampled while the list is read. */
const SPARE = 4_096
/** Lengths of arrays of small integers: with 8 bytes a place no other object is likely to have these sizes. */
const KEPT_LENGTH = 9_001
const DROPPED_LENGTH = 12_007
const TRIAL_INTERVAL_BYTES = 1_024

/** Empty: it works. */
function tried(trial: Trial): string {
  trial.begin(TRIAL_INTERVAL_BYTES)
  try {
    const kept = new Array<number>(KEPT_LENGTH).fill(1)
    drop()
    const given = trial.samples()
    const freed = freedSamples(given)
    if (typeof freed === 'string') return freed
    const areFreed = (length: number): boolean[] =>
      given.filter(({ size }) => size >= 8 * length && size < 8 * length + 256).map(({ ordinal }) => freed.has(ordinal))
    const [ofKept, ofDropped] = [areFreed(kept.length), areFreed(DROPPED_LENGTH)]
    const isRight = ofKept.includes(false) && !ofKept.includes(true) && !ofDropped.includes(false)
    return isRight && ofDropped.length > 0
      ? ''
      : 'an object that was kept, and one that was dropped, were not told apart'
  } finally {
    trial.end()
  }
}

/** A call of its own, so that nothing on the stack holds it. */
function drop(): number {
  return new Array<number>(DROPPED_LENGTH).fill(1).length
}
