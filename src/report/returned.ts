/**
 * By how much resident memory falls with a release, and which rows keep it from falling; pure.
 *
 * A page goes back when nothing on it lives. Where two caches have their blocks on the same pages, the one that is released
 * last gives them back, so in another order the two change places although both release what they did.
 *
 * Rule: that two rows lie on the same pages is said only where two orders showed it.
 */
import { knownSum } from '../measure/figures.js'
import { formatBytes } from '../support/units.js'
import { movingTogether, alternativeNames } from './sharing.js'
import type { MovingCache, RepeatedCache } from './sharing.js'
import { noiseOf, spreadOf } from './statistics.js'
import type { ReportWarning, ReturnedBytes } from './types.js'

/** The changes of resident memory with one cache's releases. */
export interface ResidentFalls {
  /** One for each twin; null where it is not known. */
  readonly falls: readonly (number | null)[]
  /** In all null releases of the run. */
  readonly controls: readonly number[]
}

/** The size of a page of V8: smaller changes come and go with every collection. */
const RESOLUTION_BYTES = 256 * 1024
/** Less is no order that anybody would mind. */
const PINNED_LEAST_BYTES = 1024 * 1024
const PINNED_LEAST_SHARE = 0.1

/** The mean over twins, with their noise and half of what they differ by; null where a twin does not know. */
export function returnedOf({ falls, controls }: ResidentFalls): ReturnedBytes | null {
  const known = falls.flatMap((fall) => fall ?? [])
  if (known.length === 0 || known.length < falls.length) return null
  const noiseBytes = noiseOf(controls, RESOLUTION_BYTES)
  return {
    residentBytes: Math.round(known.reduce((sum, fall) => sum + fall, 0) / known.length),
    uncertaintyBytes: noiseBytes === null ? null : Math.ceil(Math.hypot(noiseBytes, spreadOf(known) / 2)),
  }
}

/** A cache as several twins saw it, each in another order. */
type ReturnedInTwins = RepeatedCache & Partial<ResidentFalls>

/**
 * Warnings about caches on the same pages: what one gives back depends on the order, and another gains what it loses. Values
 * that two caches share move both figures alike, so what counts is what was released and did not come back.
 */
export function pinningWarnings(caches: readonly ReturnedInTwins[]): ReportWarning[] {
  const rows = caches.flatMap(({ name, changes, falls = [] }) => {
    const kept = falls.flatMap((fall, twin) => {
      const change = changes[twin]
      return fall === null || change === undefined ? [] : [fall - knownSum(change)]
    })
    return kept.length === changes.length ? [{ name, totals: kept }] : []
  })
  return movingTogether(rows, { bytes: PINNED_LEAST_BYTES, share: PINNED_LEAST_SHARE }).map(({ one, others }) =>
    pinned(one, others),
  )
}

function pinned({ name, spreadBytes }: MovingCache, others: readonly MovingCache[]): ReportWarning {
  return {
    code: 'WARN_PINNED_PAGES',
    message: `${JSON.stringify(name)} has memory on the same pages as ${alternativeNames(others)}: of what it releases about ${formatBytes(spreadBytes)} leave RSS only when both are released`,
    cache: name,
  }
}
