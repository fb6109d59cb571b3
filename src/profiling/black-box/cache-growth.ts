/** Which caches grew in a time, by what they said of themselves. Pure. */
import type { SizeRecord } from './records.js'

/** A cache at two times. */
export interface CacheGrowth {
  readonly name: string
  readonly entries: { readonly from: number | null; readonly to: number | null }
  readonly claimedBytes: { readonly from: number | null; readonly to: number | null }
  /** By what a run had measured before. */
  readonly estimatedBytes: { readonly from: number | null; readonly to: number | null }
  /** What the estimate, else the claim, grew by; null where neither is known. */
  readonly grownBytes: number | null
  /** How long before the end the cache was asked last. */
  readonly ageMs: number
}

/** Between two times of the monotonic clock: those that grew first, and the most grown of them. */
export function cacheGrowth(
  sizes: readonly SizeRecord[],
  names: ReadonlyMap<number, string>,
  fromMs: number,
  toMs: number,
): CacheGrowth[] {
  const byCache = new Map<number, SizeRecord[]>()
  for (const size of sizes) {
    if (size.monoMs > toMs || !names.has(size.number)) continue
    const known = byCache.get(size.number) ?? []
    known.push(size)
    byCache.set(size.number, known)
  }
  const found = [...byCache].flatMap(([number, known]) => {
    const from = known.findLast(({ monoMs }) => monoMs <= fromMs) ?? known[0]
    const to = known.at(-1)
    return from === undefined || to === undefined ? [] : [between(names.get(number) ?? '', from, to, toMs)]
  })
  return found.sort((a, b) => (b.grownBytes ?? 0) - (a.grownBytes ?? 0) || entriesGrown(b) - entriesGrown(a))
}

/** Entries that came. */
export function entriesGrown({ entries: { from, to } }: CacheGrowth): number {
  return (to ?? 0) - (from ?? 0)
}

function between(name: string, from: SizeRecord, to: SizeRecord, endMs: number): CacheGrowth {
  const of = <Key extends 'entries' | 'claimedBytes' | 'estimatedBytes'>(key: Key) => ({
    from: from[key],
    to: to[key],
  })
  const [claimedBytes, estimatedBytes] = [of('claimedBytes'), of('estimatedBytes')]
  return {
    name,
    entries: of('entries'),
    claimedBytes,
    estimatedBytes,
    grownBytes: difference(estimatedBytes) ?? difference(claimedBytes),
    ageMs: endMs - to.monoMs,
  }
}

function difference({ from, to }: { readonly from: number | null; readonly to: number | null }): number | null {
  return from === null || to === null ? null : to - from
}
