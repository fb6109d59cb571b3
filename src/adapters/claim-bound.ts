/** The bound of a cache, as far as its library shows one. */
import type { Releasable } from '../coordinator/releasable.js'

/** Null where the cache has no such bound: libraries write 0, infinity, or nothing. */
export function claimBound(value: unknown, option: string): ReturnType<NonNullable<Releasable['bound']>> {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? { option, maxClaimedBytes: value } : null
}
