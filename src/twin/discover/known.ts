/** Registered caches among the hoards: the same object, an owner of it, or emptied by the cache's release. */
import { types } from 'node:util'
import type { ReportWarning } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import type { FoundHoard } from './hoards.js'
import { entryCount } from './intrinsics.js'
import type { KnownCache, RecognisedCache } from './types.js'

/** Which hoards are registered caches, and which are not. */
export interface Recognition {
  readonly unknown: FoundHoard[]
  readonly recognised: RecognisedCache[]
  readonly warnings: ReportWarning[]
}

/** A hoard that loses this share of its entries in a release is what was released. */
const EMPTIED_SHARE = 0.5

/** Releases each of `known` that can be, and sorts the hoards. What lies in a recognised hoard is not listed either. */
export function recognise(hoards: readonly FoundHoard[], known: readonly KnownCache[]): Recognition {
  const caches = new Map<FoundHoard, string>()
  const warnings: ReportWarning[] = []
  for (const cache of known) {
    const objects = new Set(cache.objects ?? [])
    const isOf = (value: object): boolean => objects.has(value)
    for (const hoard of hoards) {
      if (hoard.identities.some(isOf) || hoard.owners.some(isOf)) caches.set(hoard, cache.name)
    }
    if (cache.release === undefined) continue
    const before = hoards.map(countEntries)
    try {
      ignoreRejection(cache.release())
    } catch (error) {
      const message = `the release of ${JSON.stringify(cache.name)} threw: ${messageOf(error)}`
      warnings.push({ code: 'WARN_HOARD_RELEASE', message, cache: cache.name })
    }
    for (const [index, hoard] of hoards.entries()) {
      const entries = before[index] ?? 0
      if (entries > 0 && countEntries(hoard) <= entries * EMPTIED_SHARE) caches.set(hoard, cache.name)
    }
  }
  const cacheOf = (hoard: FoundHoard): string | undefined => {
    for (let at: FoundHoard | null = hoard; at !== null; at = at.partOf) {
      const cache = caches.get(at)
      if (cache !== undefined) return cache
    }
    return undefined
  }
  return {
    unknown: hoards.filter((hoard) => cacheOf(hoard) === undefined),
    recognised: [...caches].map(([{ route, kind, entries }, cache]) => ({
      cache,
      path: route?.text ?? null,
      kind,
      entries,
    })),
    warnings,
  }
}

function countEntries({ parts }: FoundHoard): number {
  return parts.reduce((sum, { value, kind }) => sum + entryCount(value, kind), 0)
}

/** An asynchronous release cannot go on in a twin; its promise must not end the process. */
function ignoreRejection(returned: unknown): void {
  if (types.isPromise(returned)) returned.catch(() => undefined)
}
