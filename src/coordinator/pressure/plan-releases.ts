/**
 * The order in which caches are released under pressure. Pure.
 *
 * Rule: measurements come before claims, and claims before nothing; within each, what gives back most for the cost of its refill comes
 * first. Caches that may lose something, or must not be released here, are in no plan.
 */
import type { RowError } from '../../report/types.js'
import type { PressureBasis } from './types.js'

/** The facts about a cache that decide its place. */
export interface PressureCandidate {
  readonly name: string
  readonly refillCost: 'low' | 'medium' | 'high'
  readonly lossless: boolean
  readonly live: boolean
  /** Whether the caller left it out. */
  readonly isExcepted: boolean
  /** Why it is left out since an earlier round; null where it is not. */
  readonly failure: string | null
  readonly entries: number | null
  readonly canTrim: boolean
  readonly expectedBytes: number | null
  readonly basis: PressureBasis | null
}

/** A cache that is not asked, and why. */
export interface LeftOut<Candidate extends PressureCandidate> {
  readonly candidate: Candidate
  readonly error: RowError
}

/** How much dearer a refill is, in words of the registration. */
const COST = { low: 1, medium: 4, high: 16 } as const
/** Expected bytes below this part of the need are no help before everything else was tried. */
const LEAST_HELP = 0.01
/** A trim is worth its while where it keeps at least a quarter of the cache; it drops a little more than is needed. */
const TRIM = { most: 0.75, margin: 1.1 } as const

/** Those that may be released, in the order of their release, and those that are not asked. */
export function planReleases<Candidate extends PressureCandidate>(
  candidates: readonly Candidate[],
  neededBytes: number,
): { readonly order: readonly Candidate[]; readonly leftOut: readonly LeftOut<Candidate>[] } {
  const leftOut = candidates.flatMap((candidate) => {
    const error = whyLeftOut(candidate)
    return error === null ? [] : [{ candidate, error }]
  })
  const order = candidates
    .filter((candidate) => whyLeftOut(candidate) === null)
    .map((candidate) => ({ candidate, tier: tierOf(candidate, neededBytes), worth: worthOf(candidate) }))
    .sort((a, b) => a.tier - b.tier || b.worth - a.worth)
    .map(({ candidate }) => candidate)
  return { order, leftOut }
}

/** The share of a cache that is enough; null where all of it is to go. */
export function fractionFor({ canTrim, expectedBytes, basis }: PressureCandidate, neededBytes: number): number | null {
  // Bytes by a claim alone tell no share.
  if (!canTrim || expectedBytes === null || expectedBytes <= 0 || basis === 'claimed') return null
  const fraction = (TRIM.margin * neededBytes) / expectedBytes
  return fraction > 0 && fraction <= TRIM.most ? fraction : null
}

function whyLeftOut({ lossless, live, isExcepted, failure, entries }: PressureCandidate): RowError | null {
  if (!lossless) return { code: 'ERR_RELEASE_SPARED', message: 'it is not lossless' }
  if (!live) return { code: 'ERR_RELEASE_LIVE', message: 'it was registered with live: false' }
  if (isExcepted) return { code: 'ERR_RELEASE_SPARED', message: 'it was excepted' }
  if (failure !== null) return { code: 'ERR_RELEASE_FAILED', message: `an earlier release failed: ${failure}` }
  return entries === 0 ? { code: 'ERR_RELEASE_SPARED', message: 'it has no entry' } : null
}

function tierOf({ basis, expectedBytes }: PressureCandidate, neededBytes: number): number {
  if (basis === null || expectedBytes === null) return 2
  if (expectedBytes < LEAST_HELP * neededBytes) return 3
  return basis === 'claimed' ? 1 : 0
}

function worthOf({ expectedBytes, refillCost }: PressureCandidate): number {
  return expectedBytes === null ? 1 / COST[refillCost] : expectedBytes / COST[refillCost]
}
