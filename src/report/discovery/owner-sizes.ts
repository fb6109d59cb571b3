/** Owners of a report by name and size, for those who list them beside caches. Pure. */
import type { Trend } from '../trends/types.js'
import { ownerBytes, ownerIdentity, ownerKey, ownerName } from './owner-identity.js'
import type { Discovery } from './types.js'

/** One owner that nobody registered. */
export interface OwnerSize {
  /** The same for the same owner in every report, also of another process. */
  readonly key: string
  /** `server.js › UserStore.byId` */
  readonly name: string
  /** The memory that would go with it. */
  readonly bytes: number
  readonly entries: number | null
  readonly trend: Trend | null
}

/** Those of a discovery that have a path, are no registered cache, and are as large as they say; the largest first. */
export function ownerSizes(discovery: Pick<Discovery, 'owners'> | undefined): OwnerSize[] {
  const found = new Map<string, OwnerSize>()
  for (const owner of discovery?.owners ?? []) {
    const [identity, bytes] = [ownerIdentity(owner), ownerBytes(owner)]
    if (identity === null || bytes === null || owner.cache !== null) continue
    const key = ownerKey(identity)
    const { entries, growth } = owner
    // Two of one identity are reported as the larger one.
    if ((found.get(key)?.bytes ?? -1) < bytes) {
      found.set(key, { key, name: ownerName(identity), bytes, entries, trend: growth ?? null })
    }
  }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes)
}
