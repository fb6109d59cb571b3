/** The caches whose contents are known: sizes doubling from 1 MB to 134 MB of Buffers, or 1k to 128k JS objects. */

export type Kind = 'buffers' | 'objects'

/** Just under 64 KiB, so that each lies in a size class of its own. */
const BUFFER_BYTES = 65_536 - 256
const DOUBLES = 64

export const SIZES = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** Entries of the cache of one size. */
export function entryCount(kind: Kind, size: number): number {
  return kind === 'buffers' ? 16 << size : 1000 << size
}

/** Fills in a function of its own, so that nothing of it stays on the stack of the one that measures. */
export function fill(cache: Map<number, unknown>, kind: Kind, count: number): void {
  for (let index = 0; index < count; index++) {
    cache.set(index, kind === 'buffers' ? Buffer.allocUnsafeSlow(BUFFER_BYTES).fill(1) : doubles(index))
  }
}

/** Arrays of doubles have a size that does not depend on how hot the code is. */
function doubles(seed: number): number[] {
  const values = new Array<number>(DOUBLES)
  for (let index = 0; index < DOUBLES; index++) values[index] = seed + index + 0.5
  return values
}
