/**
 * Which entries a trim drops, where a library lists its keys.
 *
 * Rule: a random choice is one of each of equally long stretches of the list, at a random place in it. It is as good as a
 * free draw where the order says nothing, better where it does (age), and no pattern in the order can fool it.
 */
import type { Releasable, TrimChoice } from '../coordinator/releasable.js'

/** A share of the entries of one cache. */
export interface Share {
  /** Entries that the cache holds. */
  readonly count: number
  readonly fraction: number
  readonly choice: TrimChoice
}

/**
 * The chosen keys: about `fraction` of `count`, and one at least where there is any. `coldestFirst` lists them; it is read
 * to its end only for a random choice.
 */
export function chooseKeys(
  { count, fraction, choice }: Share,
  coldestFirst: Iterable<unknown>,
  random: () => number = Math.random,
): unknown[] {
  const wanted = fractionCount(count, fraction)
  const chosen: unknown[] = []
  if (wanted === 0) return chosen
  const stretch = count / wanted
  const placeOf = (draw: number): number =>
    choice === 'coldest' ? draw : Math.floor((draw + Math.min(random(), 1 - 1e-9)) * stretch)
  let index = 0
  let next = placeOf(0)
  for (const key of coldestFirst) {
    if (index++ !== next) continue
    chosen.push(key)
    if (chosen.length === wanted) break
    next = Math.max(index, placeOf(chosen.length))
  }
  return chosen
}

/** How a cache that lists its keys and drops one is trimmed. */
export interface KeyedCache {
  /** Entries that it holds. */
  readonly count: () => number
  /** All keys. */
  readonly coldestFirst: () => Iterable<unknown>
  /** Drops the entry of a key that was listed. */
  readonly drop: (key: never) => unknown
}

/** A trim of either choice, entry by entry. */
export function trimByKey({
  count,
  coldestFirst,
  drop,
}: KeyedCache): Required<Pick<Releasable, 'trimChoices' | 'trim'>> {
  return {
    trimChoices: ['coldest', 'random'],
    trim: (fraction, { choice }) => {
      for (const key of chooseKeys({ count: count(), fraction, choice }, coldestFirst())) drop(key as never)
    },
  }
}

/** How many entries a fraction is: one at least, all at most. */
export function fractionCount(count: number, fraction: number): number {
  return Math.min(count, Math.max(1, Math.round(count * fraction)))
}
