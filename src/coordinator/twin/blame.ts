/**
 * Who is to blame for a twin that ended without a result, and whether another is worth it; pure.
 *
 * Rule: whatever ended it, a kill for its memory too, the cache at work when twin after twin ends is to blame, and costs its own
 * row only. Twins that end with no cache at work, or get no further than those before them, are no use trying again and again.
 */
import type { CacheStatus, ReportWarning, RowError } from '../../report/types.js'
import type { ErrorCode } from '../../support/errors.js'
import { finalizersWait, twinRetried } from '../run/warnings.js'

/** Twins that end with no cache to blame are no use trying again and again. */
const BLAMELESS_FAILURES_MAX = 3
/** A cache in whose window a twin crashed gets another chance: it may have been the twin. */
const CRASHES_MAX = 2
/** Where twin after twin ends and none gets further, it is not the caches. */
const IN_VAIN_MAX = 8

/** A run's record of the twins that ended without a result. */
export interface BlameState {
  /** By cache: twins that ended in its window. */
  readonly crashes: ReadonlyMap<string, number>
  /** Twins that ended with no cache at work. */
  readonly blameless: number
  /** Twins in a row that measured no more caches than one before. */
  readonly inVain: number
  readonly mostRows: number
  /** Until finalizers that waited already end a twin before its first release. */
  readonly runsFinalizers: boolean
}

/** Before the first twin. */
export const NO_BLAME: BlameState = { crashes: new Map(), blameless: 0, inVain: 0, mostRows: -1, runsFinalizers: true }

/** How far a twin came. */
export interface EndedPass {
  /** The cache that was at work; null in a control or between windows. */
  readonly current: string | null
  /** Whether its release or finalizers were running, or the collections after them. */
  readonly activity: 'release' | 'finalize' | 'settle'
  /** How many caches it measured. */
  readonly measured: number
}

/** Why it ended. */
export interface TwinFailure {
  readonly code: ErrorCode
  readonly reason: string
  /** The name of the signal that ended it; null where it ended in another way. */
  readonly signal: string | null
}

/** The verdict. */
export interface BlameDecision {
  readonly state: BlameState
  /** Whether another twin is made. */
  readonly isRetried: boolean
  /** The cache that is released in no twin any more. */
  readonly exclusion: { readonly name: string; readonly status: CacheStatus; readonly error: RowError } | null
  readonly warnings: readonly ReportWarning[]
}

/** Judges the end of a twin. */
export function blame(
  before: BlameState,
  { current: name, activity, measured }: EndedPass,
  failure: TwinFailure,
  releaseTimeoutMs: number,
): BlameDecision {
  const warning = twinRetried(`${failure.code}: ${failure.reason}`, name)
  const state: BlameState = {
    ...before,
    inVain: measured > before.mostRows ? 0 : before.inVain + 1,
    mostRows: Math.max(before.mostRows, measured),
  }
  const verdict = { state, isRetried: true, exclusion: null, warnings: [warning] }
  if (state.inVain >= IN_VAIN_MAX) return { ...verdict, isRetried: false }
  if (name === null) {
    if (activity === 'finalize' && before.runsFinalizers) {
      const waits = finalizersWait(`those that waited already ended it (${failure.reason})`)
      return { ...verdict, state: { ...state, runsFinalizers: false }, warnings: [warning, waits] }
    }
    const blameless = before.blameless + 1
    return { ...verdict, state: { ...state, blameless }, isRetried: blameless < BLAMELESS_FAILURES_MAX }
  }
  const crashes = (before.crashes.get(name) ?? 0) + 1
  return {
    ...verdict,
    state: { ...state, crashes: new Map([...before.crashes, [name, crashes]]) },
    exclusion: exclusionOf(name, activity, failure, { crashes, releaseTimeoutMs }),
  }
}

function exclusionOf(
  name: string,
  activity: EndedPass['activity'],
  failure: TwinFailure,
  { crashes, releaseTimeoutMs }: { readonly crashes: number; readonly releaseTimeoutMs: number },
): BlameDecision['exclusion'] {
  if (failure.code === 'ERR_TWIN_OVERTIME' && activity !== 'settle') {
    const what = activity === 'release' ? 'it' : 'the finalizers of what it released'
    const message = `${what} did not finish within ${String(releaseTimeoutMs)} ms of processor time`
    return { name, status: 'timed-out', error: { code: 'ERR_RELEASE_TIMEOUT', message } }
  }
  return crashes < CRASHES_MAX ? null : { name, status: 'failed', error: endedBy(failure) }
}

/** Why a cache is left out in whose window twins ended. */
function endedBy({ code, reason, signal }: TwinFailure): RowError {
  const error = { code: signal === 'SIGKILL' ? ('ERR_RELEASE_KILLED' as const) : code, message: reason }
  return signal === null ? error : { ...error, signal }
}
