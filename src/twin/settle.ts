/**
 * Settling in a twin: collections alone. No other thread exists that could work on anything, so nothing is drained.
 */
import type { Instrument } from '../measure/window.js'

/**
 * V8 counts what is left of the page to which it moves survivors as used, up to 256 KiB, until it moves on to another.
 * Where collections are short they are repeated, a page's worth of garbage is moved in between, and the least heap holds;
 * where they are long a page is nothing.
 */
const ROUNDS_MAX = 4
const ROUNDS_MS = 250
/** Collects and looks, until the figures of the sampler are those of what lives. Returns the milliseconds it took. */
export function settleInTwin({ collector, environment, sampler }: Instrument): number {
  const startMs = environment.now()
  collector?.major()
  sampler.noteHeap()
  collector?.minor()
  sampler.look()
  let tookMs = environment.now() - startMs
  for (let round = 1; round < ROUNDS_MAX && tookMs < ROUNDS_MS; round++) {
    moveGarbage(collector)
    collector?.major()
    sampler.look()
    collector?.minor()
    sampler.look()
    tookMs = environment.now() - startMs
  }
  return tookMs
}

/** Garbage of more than a page, old by the time that it is garbage; in a function of its own, so that nothing holds it. */
function moveGarbage(collector: Instrument['collector']): void {
  const garbage = Array.from({ length: 60 }, (_, index) => new Array<number>(800).fill(index + 0.5))
  // Survivors of two collections are moved to the old generation.
  collector?.minor()
  collector?.minor()
  garbage.length = 0
}
