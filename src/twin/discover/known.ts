/** Registered caches among the hoards: the same object, an owner of it, or emptied by the cache's release. */
import { types } from 'node:util'
import type { CacheObjects } from './behind.js'
import type { ReportWarning } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import type { FoundHoard } from './hoards.js'
import { entryCount } from './intrinsics.js'
import type { KnownCache } from './types.js'

/** A hoard that is a registered cache. */
export interface Recognised {
  readonly cache: string
  readonly hoard: FoundHoard
  /** Whether its release has ended, so that what is in it now was left behind. */
  readonly isReleased: boolean
}

/** Which hoards are registered caches, and which are not. */
export interface Recognition {
  readonly unknown: FoundHoard[]
  readonly recognised: Recognised[]
  readonly warnings: ReportWarning[]
}

/** A hoard that loses this share of its entries in a release is what was released. */
const EMPTIED_SHARE = 0.5

/** Releases each of `known` that can be, and sorts the hoards. What lies in a recognised hoard is not listed either. */
export function recognise(hoards: readonly FoundHoard[], known: readonly CacheObjects[]): Recognition {
  const caches = new Map<FoundHoard, Recognised>()
  const warnings: ReportWarning[] = []
  for (const { cache, same, whole } of known) {
    const isOwn = ({ identities, owners, within }: FoundHoard): boolean =>
      identities.some((value) => same.has(value)) ||
      owners.some((value) => cache.objects?.includes(value) === true) ||
      within.some((value) => whole.has(value))
    const before = hoards.map(countEntries)
    const isReleased = release(cache, warnings)
    for (const [index, hoard] of hoards.entries()) {
      const entries = before[index] ?? 0
      const isEmptied = entries > 0 && countEntries(hoard) <= entries * EMPTIED_SHARE
      if (isOwn(hoard) || isEmptied) caches.set(hoard, { cache: cache.name, hoard, isReleased })
    }
  }
  const cacheOf = (hoard: FoundHoard): Recognised | undefined => {
    for (let at: FoundHoard | null = hoard; at !== null; at = at.partOf) {
      const cache = caches.get(at)
      if (cache !== undefined) return cache
    }
    return undefined
  }
  return {
    unknown: hoards.filter((hoard) => cacheOf(hoard) === undefined),
    recognised: [...caches.values()],
    warnings,
  }
}

/** Releases a cache where the caller has not; whether it has been released wholly, in this turn. */
function release(cache: KnownCache, warnings: ReportWarning[]): boolean {
  if (cache.release === undefined) return cache.isReleased === true
  try {
    const returned = cache.release()
    ignoreRejection(returned)
    return !types.isPromise(returned)
  } catch (error) {
    const message = `the release of ${JSON.stringify(cache.name)} threw: ${messageOf(error)}`
    warnings.push({ code: 'WARN_HOARD_RELEASE', message, cache: cache.name })
    return false
  }
}

function countEntries({ parts }: FoundHoard): number {
  return parts.reduce((sum, { value, kind }) => sum + entryCount(value, kind), 0)
}

/** An asynchronous release cannot go on in a twin; its promise must not end the process. */
function ignoreRejection(returned: unknown): void {
  if (types.isPromise(returned)) returned.catch(() => undefined)
}
