/**
 * Memory that caches share, found in what their rows show; pure.
 *
 * A value that lies in two caches comes back only when both are empty: with the one that is released last. In another order
 * the two change places: one row loses what the other gains.
 *
 * Rule: sharing is said only where two orders showed it. One order cannot tell it from a claim that is wrong, or from memory
 * that somebody else holds.
 */
import { knownSum } from '../measure/figures.js'
import type { Figures } from '../measure/figures.js'
import { formatBytes } from '../support/units.js'
import { spreadOf } from './statistics.js'
import type { AttributionReport, ReportWarning } from './types.js'

/** A cache as one run found it. */
interface MeasuredWhole {
  readonly name: string
  readonly bytes: number
  readonly entries: number | null
  readonly uncertaintyBytes: number
}

/** A run's record for later ones, in the order of its releases. */
export type EarlierRun = readonly MeasuredWhole[]

/** Less than this is no sharing that anybody would optimise. */
const LEAST_BYTES = 256 * 1024
/** A cache has to change by so much of itself, and the two changes to be so much alike. */
const LEAST_SHARE = 0.25
/** The part of a row that depends on the order of two twins: nothing else differs between them, so little is reported. */
const ORDER_LEAST_BYTES = 64 * 1024
const ORDER_LEAST_SHARE = 0.02

/**
 * The facts of this run for a later one. Trimmed caches show nothing: what is shared stays in either order. Rows of
 * several twins are means over orders, and memory that came late or was not collected is known too roughly.
 */
export function remembered(
  { caches, twin }: Pick<AttributionReport, 'caches' | 'twin'>,
  uncollected: ReadonlySet<string> = new Set(),
): EarlierRun {
  if (twin !== undefined && twin.twins > 1) return []
  return caches.flatMap(({ name, status, released, entriesBefore, uncertaintyBytes, late }) =>
    status === 'released' && released.totalBytes !== null && late === undefined && !uncollected.has(name)
      ? [{ name, bytes: released.totalBytes, entries: entriesBefore, uncertaintyBytes: uncertaintyBytes ?? 0 }]
      : [],
  )
}

/** Warnings about caches of this run that hold the same values, by the orders of earlier runs; each pair once. */
export function sharingWarnings(now: EarlierRun, earlier: readonly EarlierRun[]): ReportWarning[] {
  const swapped = new Map<string, ReportWarning>()
  for (const run of earlier.toReversed()) {
    for (const warning of swappedPairs(now, run)) {
      const pair = warning.cache ?? ''
      if (!swapped.has(pair)) swapped.set(pair, warning)
    }
  }
  return [...swapped.values()]
}

/** A cache as several twins measured it, each in another order. */
export interface RepeatedCache {
  readonly name: string
  readonly changes: readonly Figures[]
}

/**
 * Warnings about caches whose rows depend on the order of the twins and move together: what one loses another gains, or
 * several among each other. A row that moves alone shares with nobody.
 */
export function orderWarnings(caches: readonly RepeatedCache[]): ReportWarning[] {
  const rows = caches.map(({ name, changes }) => ({ name, totals: changes.map(knownSum) }))
  return movingTogether(rows, { bytes: ORDER_LEAST_BYTES, share: ORDER_LEAST_SHARE }).map(({ one, others }) =>
    sharedByOrder(one, others),
  )
}

/** A row of several twins: a figure of each. */
interface RowOfTwins {
  readonly name: string
  readonly totals: readonly number[]
}

/** Rows that depend on the order of the twins, each with those that gain what it loses. */
export function movingTogether(
  rows: readonly RowOfTwins[],
  least: { readonly bytes: number; readonly share: number },
): { readonly one: MovingCache; readonly others: readonly MovingCache[] }[] {
  const moving = rows.flatMap(({ name, totals }) => {
    const spreadBytes = spreadOf(totals)
    const isMoving = spreadBytes > least.bytes && spreadBytes > least.share * Math.max(...totals)
    const mean = totals.reduce((sum, bytes) => sum + bytes, 0) / totals.length
    return isMoving ? [{ name, spreadBytes, moves: totals.map((bytes) => bytes - mean) }] : []
  })
  const alone = moving.filter((one) => partnersOf(one, moving).length === 0)
  const group = alone.length > 2 && areBalanced(alone) ? alone : []
  return moving.flatMap((one) => {
    const partners = partnersOf(one, moving)
    const others = partners.length > 0 ? partners : group.includes(one) ? group.filter((other) => other !== one) : []
    return others.length === 0 ? [] : [{ one, others }]
  })
}

/** Those that gain what it loses; more than one where several share as much as each other. */
function partnersOf(one: MovingCache, moving: readonly MovingCache[]): readonly MovingCache[] {
  return moving.filter((other) => other !== one && areBalanced([one, other]))
}

/** A row that depends on the order: by how much it differs from its mean in each twin. */
export interface MovingCache {
  readonly name: string
  readonly spreadBytes: number
  readonly moves: readonly number[]
}

/** In every twin what some of them lost the others gained. */
function areBalanced(group: readonly MovingCache[]): boolean {
  const largest = Math.max(...group.map(({ spreadBytes }) => spreadBytes))
  const [first] = group
  return (first?.moves ?? []).every((_, twin) => {
    const sum = group.reduce((bytes, { moves }) => bytes + (moves[twin] ?? NaN), 0)
    return Math.abs(sum) < LEAST_SHARE * largest
  })
}

function sharedByOrder({ name, spreadBytes }: MovingCache, others: readonly MovingCache[]): ReportWarning {
  const names = alternativeNames(others)
  return {
    code: 'WARN_SHARED_MEMORY',
    message: `${JSON.stringify(name)} seems to hold the same values as ${names}: what it gives back depends on the order, by ${formatBytes(spreadBytes)}`,
    cache: name,
    caches: [name, ...others.map((other) => other.name)],
  }
}

/** In quotation marks, one or the other. */
export function alternativeNames(caches: readonly { readonly name: string }[]): string {
  return caches.map(({ name }) => JSON.stringify(name)).join(' or ')
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

/** By how much a cache changed beyond what its entries explain; null where that is too little to know. */
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

function sharedBy(first: string, last: string, bytes: number): ReportWarning {
  const [a, b] = [JSON.stringify(first), JSON.stringify(last)]
  return {
    code: 'WARN_SHARED_MEMORY',
    message: `${a} and ${b} seem to hold the same values: about ${formatBytes(bytes)} come back with the one that is released last, here ${b}; emptying one of them frees nothing`,
    cache: first,
    caches: [first, last],
  }
}
