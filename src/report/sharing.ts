/**
 * Memory that two caches share, found in what their rows show; pure.
 *
 * A value that lies in two caches comes back only when both are empty: with the one that is released last. Its row then
 * holds everything and the other's nothing, and when a later run releases them in the other order, the two change places.
 */
import { formatBytes } from '../support/units.js'
import type { AttributionReport, CacheAttribution, ReportWarning } from './types.js'

/** A cache as one run found it. */
interface MeasuredWhole {
  readonly name: string
  readonly bytes: number
  readonly entries: number | null
  readonly uncertaintyBytes: number
}

/** What is remembered of a run, in the order of its releases. */
export type EarlierRun = readonly MeasuredWhole[]

/** Less than this is no sharing that anybody would optimise. */
const LEAST_BYTES = 256 * 1024
/** A cache has to change by so much of itself, and the two changes to be so much alike. */
const LEAST_SHARE = 0.25
/** A row below this part of what the cache claims to hold. */
const COLLAPSED = 0.1

/** What a later run needs to know of this one. Trimmed caches tell nothing: what is shared stays in either order. */
export function remembered({ caches }: Pick<AttributionReport, 'caches'>): EarlierRun {
  return caches.flatMap(({ name, status, released, entriesBefore, uncertaintyBytes }) =>
    status === 'released' && released.totalBytes !== null
      ? [{ name, bytes: released.totalBytes, entries: entriesBefore, uncertaintyBytes: uncertaintyBytes ?? 0 }]
      : [],
  )
}

/**
 * Warnings about caches of this run that seem to hold the same values, each pair once. `uncollected` are the names of
 * those whose release no collection followed.
 */
export function sharingWarnings(
  caches: readonly CacheAttribution[],
  earlier: readonly EarlierRun[],
  warnings: readonly ReportWarning[] = [],
  uncollected: ReadonlySet<string> = new Set(),
): ReportWarning[] {
  const now = remembered({ caches })
  const swapped = new Map<string, ReportWarning>()
  for (const run of earlier.toReversed()) {
    for (const warning of swappedPairs(now, run)) {
      const pair = warning.cache ?? ''
      if (!swapped.has(pair)) swapped.set(pair, warning)
    }
  }
  // Of a cache that was emptied before its turn it is known where its bytes went.
  const emptied = warnings.filter(({ code }) => code === 'WARN_RELEASED_OTHER' || code === 'WARN_RELEASED_ELSEWHERE')
  const known = [...swapped.values(), ...emptied].map(({ message }) => message)
  const collapsed = collapsedRows(caches, uncollected).filter(
    ({ cache }) => !known.some((message) => message.includes(JSON.stringify(cache))),
  )
  return [...swapped.values(), ...collapsed]
}

/** Pairs that were released in the other order in `run`, of which one lost what the other gained. */
function swappedPairs(now: EarlierRun, run: EarlierRun): ReportWarning[] {
  const before = new Map(run.map((cache, index) => [cache.name, { cache, index }]))
  const changed = now.flatMap((cache, index) => {
    const old = before.get(cache.name)
    const change = old === undefined ? null : changeOf(cache, old.cache)
    return old === undefined || change === null ? [] : [{ name: cache.name, index, oldIndex: old.index, change }]
  })
  return changed
    .filter(({ change }) => change < 0)
    .flatMap((loser) => {
      const gainer = changed.find(
        ({ change, index, oldIndex }) =>
          change > 0 &&
          loser.index < index &&
          loser.oldIndex > oldIndex &&
          Math.abs(change + loser.change) < LEAST_SHARE * Math.max(change, -loser.change),
      )
      return gainer === undefined ? [] : [sharedBy(loser.name, gainer.name, gainer.change)]
    })
}

/** By how much a cache changed beyond what its entries explain; null where that is too little to tell. */
function changeOf(now: MeasuredWhole, old: MeasuredWhole): number | null {
  const growth = now.entries === null || old.entries === null || old.entries === 0 ? 1 : now.entries / old.entries
  const expected = old.bytes * growth
  const change = now.bytes - expected
  const least = Math.max(
    LEAST_BYTES,
    LEAST_SHARE * Math.max(now.bytes, expected),
    now.uncertaintyBytes,
    old.uncertaintyBytes,
  )
  return Math.abs(change) > least ? change : null
}

/** Rows that hold next to nothing of what their cache claims: it was emptied, or its whole was estimated. */
function collapsedRows(caches: readonly CacheAttribution[], uncollected: ReadonlySet<string>): ReportWarning[] {
  return caches.flatMap((row, index) => {
    const { name, status, claimedBytes, window } = row
    const whole = wholeBytes(row)
    if (whole === null || claimedBytes === null || claimedBytes < LEAST_BYTES) return []
    // Without a collection around it what was dropped may be garbage still.
    if (window !== 'atomic' || uncollected.has(name)) return []
    const { bytes, uncertaintyBytes } = whole
    if (bytes + uncertaintyBytes > COLLAPSED * claimedBytes) return []
    // Of a trim the others keep what they share as well: it came back with none of them.
    if (status === 'trimmed') return [heldElsewhere(name, claimedBytes, `is estimated at ${formatBytes(bytes)}`)]
    // It came back with a later one, if with any.
    const holders = caches
      .slice(index + 1)
      .filter((later) => (later.released.totalBytes ?? 0) > (1 - LEAST_SHARE) * claimedBytes)
    const [holder] = holders
    return [
      holder !== undefined && holders.length === 1
        ? sharedBy(name, holder.name, claimedBytes - bytes)
        : heldElsewhere(name, claimedBytes, `gave back ${formatBytes(bytes)}`),
    ]
  })
}

/** All of a cache that was emptied, or estimated with an error that is known; null of any other. */
function wholeBytes(row: CacheAttribution): { readonly bytes: number; readonly uncertaintyBytes: number } | null {
  const { status, released, entriesAfter, uncertaintyBytes, estimated, estimatedUncertaintyBytes } = row
  if (status === 'trimmed') {
    return estimated?.totalBytes == null || estimatedUncertaintyBytes == null
      ? null
      : { bytes: estimated.totalBytes, uncertaintyBytes: estimatedUncertaintyBytes }
  }
  return status !== 'released' || entriesAfter !== 0 || released.totalBytes === null
    ? null
    : { bytes: released.totalBytes, uncertaintyBytes: uncertaintyBytes ?? 0 }
}

function sharedBy(first: string, last: string, bytes: number): ReportWarning {
  const [a, b] = [JSON.stringify(first), JSON.stringify(last)]
  return {
    code: 'WARN_SHARED_MEMORY',
    message: `${a} and ${b} seem to hold the same values: about ${formatBytes(bytes)} come back with the one that is released last, here ${b}; emptying one of them frees nothing`,
    cache: first,
  }
}

function heldElsewhere(name: string, claimedBytes: number, found: string): ReportWarning {
  return {
    code: 'WARN_SHARED_MEMORY',
    message: `${JSON.stringify(name)} claims ${formatBytes(claimedBytes)} and ${found}: something else holds its values, or it overstates`,
    cache: name,
  }
}
