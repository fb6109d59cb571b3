/**
 * One round of releases under pressure: from the reading that is too high to the one that is low enough.
 *
 * Rule: the usage is read before each release, and nothing is released that is not needed any more. A release that fails is in its row,
 * and is not tried again.
 */
import { inspectCache } from '../inspect.js'
import type { RegisteredCache } from '../registry.js'
import { fractionFor, planReleases } from './plan-releases.js'
import type { PressureCandidate } from './plan-releases.js'
import type { ResolvedPressureOptions } from './options.js'
import type { PressureParts } from './pressure-parts.js'
import { releaseMeasured } from './release-measured.js'
import type { ReleaseSurroundings } from './release-measured.js'
import type { PressureBasis, PressureRound, PressureRow, PressureStatus, PressureUsage } from './types.js'
import type { ReadUsage } from './usage.js'

/** A cache in the plan of a round. */
interface Candidate extends PressureCandidate {
  readonly cache: RegisteredCache
}

/** What a round needs beside the releases. */
export interface RoundContext {
  readonly parts: PressureParts
  readonly settings: ResolvedPressureOptions
  readonly readUsage: ReadUsage
  /** Caches whose release failed in an earlier round → why. */
  readonly failures: WeakMap<RegisteredCache, string>
  readonly waitedMs: number
}

/** Releases, or says what it would release. */
export async function makeRound(
  usage: PressureUsage,
  context: RoundContext,
  surroundings: ReleaseSurroundings | null,
): Promise<PressureRound> {
  const { parts, settings, waitedMs } = context
  const { environment } = parts
  const startMs = environment.now()
  const startedAt = environment.date().toISOString()
  const { order, leftOut } = planReleases(candidates(context), neededOf(usage, settings))
  const results =
    surroundings === null ? expected(order, neededOf(usage, settings)) : await released(order, context, surroundings)
  const left = leftOut.map(({ candidate, error }) => rowOf(candidate, 'skipped', { error }))
  return {
    startedAt,
    dryRun: surroundings === null,
    before: usage,
    after: results.after,
    belowBytes: Math.round(settings.below * usage.limitBytes),
    untilBytes: Math.round(settings.until * usage.limitBytes),
    isRelieved: results.isRelieved,
    freedBytes: results.rows.reduce((sum, { freedBytes }) => sum + (freedBytes ?? 0), 0),
    keptBytes: results.keptBytes,
    isPurged: results.isPurged,
    waitedMs,
    durationMs: environment.now() - startMs,
    caches: [...results.rows, ...left],
  }
}

/** Bytes above the target; 0 or less where it is met. */
function neededOf({ usedBytes, limitBytes }: PressureUsage, { until }: ResolvedPressureOptions): number {
  return usedBytes - until * limitBytes
}

interface Results {
  readonly rows: readonly PressureRow[]
  readonly after: PressureUsage | null
  readonly isRelieved: boolean
  readonly isPurged: boolean
  readonly keptBytes: number
}

async function released(
  order: readonly Candidate[],
  context: RoundContext,
  surroundings: ReleaseSurroundings,
): Promise<Results> {
  const { parts, readUsage, settings } = context
  const rows: PressureRow[] = []
  const totals = { isPurged: false, keptBytes: 0 }
  let usage = readUsage()
  for (const candidate of order) {
    const neededBytes = usage === null ? 0 : neededOf(usage, settings) - totals.keptBytes
    if (neededBytes <= 0 || surroundings.signal.aborted) {
      rows.push(rowOf(candidate, 'spared', {}))
      continue
    }
    if (!parts.isRegistered(candidate.cache)) continue
    const fraction = fractionFor(candidate, neededBytes)
    rows.push(await releaseRow(candidate, fraction, context, surroundings, totals))
    usage = readUsage()
  }
  return { rows, ...totals, after: usage, isRelieved: usage !== null && neededOf(usage, settings) <= 0 }
}

/** A trim that was not enough is followed by the release of the rest. */
async function releaseRow(
  candidate: Candidate,
  fraction: number | null,
  context: RoundContext,
  surroundings: ReleaseSurroundings,
  totals: { isPurged: boolean; keptBytes: number },
): Promise<PressureRow> {
  const { readUsage, settings } = context
  const first = await releaseMeasured(candidate.cache, fraction, surroundings)
  const usage = readUsage()
  const isEnough = usage === null || neededOf(usage, settings) - totals.keptBytes - first.keptBytes <= 0
  const isDone = fraction === null || first.error !== undefined || isEnough || surroundings.signal.aborted
  const second = isDone ? null : await releaseMeasured(candidate.cache, null, surroundings)
  totals.isPurged ||= first.isPurged
  totals.keptBytes += first.keptBytes + (second?.keptBytes ?? 0)
  const { status, error = null } = second ?? first
  if (error !== null) context.failures.set(candidate.cache, error.message)
  const isTrim = fraction !== null && second === null
  return rowOf(candidate, status === 'released' && isTrim ? 'trimmed' : status, {
    fraction: isTrim ? fraction : null,
    freedBytes: first.freedBytes + (second?.freedBytes ?? 0),
    pauseMs: Math.max(first.pauseMs, second?.pauseMs ?? 0),
    error,
  })
}

/** In a dry run: by the expectations, as far as there are any. */
function expected(order: readonly Candidate[], neededBytes: number): Results {
  let left = neededBytes
  const rows = order.map((candidate): PressureRow => {
    if (left <= 0) return rowOf(candidate, 'spared', {})
    const fraction = fractionFor(candidate, left)
    left -= Math.max(0, candidate.expectedBytes ?? 0) * (fraction ?? 1)
    return rowOf(candidate, fraction === null ? 'would-release' : 'would-trim', { fraction })
  })
  return { rows, after: null, isRelieved: left <= 0, isPurged: false, keptBytes: 0 }
}

function rowOf(
  { name, refillCost, expectedBytes, basis }: Candidate,
  status: PressureStatus,
  rest: Partial<Pick<PressureRow, 'fraction' | 'freedBytes' | 'pauseMs' | 'error'>>,
): PressureRow {
  return {
    name,
    status,
    refillCost,
    expectedBytes,
    basis,
    fraction: null,
    freedBytes: null,
    pauseMs: 0,
    error: null,
    ...rest,
  }
}

function candidates({ parts, settings, failures }: RoundContext): Candidate[] {
  const excepted = new Set(settings.except)
  return parts.caches().map((cache): Candidate => {
    const { name, releasable, traits } = cache
    const { entries, claimedBytes } = inspectCache(cache, () => undefined)
    return {
      cache,
      name,
      ...traits,
      isExcepted: excepted.has(name),
      failure: failures.get(cache) ?? null,
      entries,
      canTrim: releasable.trim !== undefined,
      ...expectationOf(cache, parts.estimate(name, entries, claimedBytes), claimedBytes),
    }
  })
}

/** A measurement within its own noise expects nothing, and does not stand in the way of a claim. */
function expectationOf(
  { lastMeasured, lastReturned }: RegisteredCache,
  estimatedBytes: number | null,
  claimedBytes: number | null,
): { readonly expectedBytes: number | null; readonly basis: PressureBasis | null } {
  const measured = lastMeasured?.totalBytes ?? null
  const isMeasured = measured !== null && measured > (lastMeasured?.uncertaintyBytes ?? 0)
  const now = estimatedBytes ?? measured
  if (isMeasured && now !== null) {
    const share = lastReturned === null ? null : lastReturned.residentBytes / lastReturned.measuredBytes
    return share === null
      ? { expectedBytes: Math.round(now), basis: 'measured' }
      : { expectedBytes: Math.round(now * share), basis: 'returned' }
  }
  return claimedBytes === null
    ? { expectedBytes: null, basis: null }
    : { expectedBytes: claimedBytes, basis: 'claimed' }
}
