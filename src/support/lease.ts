/**
 * Turns over processes and machines: at most so many of a service measure at a time.
 *
 * Rule: without a grant nobody begins, and a run whose grant is lost ends. No clock of one machine is compared with that of another.
 */
import { CacheAttributionError, messageOf } from './errors.js'
import { abortSignal, shaped } from './options.js'
import type { Check } from './options.js'

/** The right to measure, until it is released or lost. */
export interface LeaseGrant {
  /** A fencing token: higher than that of every grant before it. */
  readonly token: number
  /** Aborted when the grant is lost: its term is over, or another process has it. */
  readonly signal: AbortSignal
  /** Gives it back. Resolves to whether it was held until now; never rejects. A second call gives the same. */
  release(): Promise<boolean>
}

/**
 * Grants the right to measure to so many processes at a time. `redisLease()` and `fileLease()` are two; another store needs this method.
 *
 * @example
 * const grant = await lease.acquire()
 * if (grant !== null) {
 *   await coordinator.attribute({ signal: grant.signal })
 *   const wasHeld = await grant.release()
 * }
 */
export interface Lease {
  /**
   * Tries once.
   *
   * @returns null where as many as may hold it
   * @throws CacheAttributionError `ERR_LEASE_STORE` where the store does not answer
   */
  acquire(): Promise<LeaseGrant | null>
}

/** What waits for a turn. */
export interface LeaseWait {
  readonly waitMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Resolves after so long, or when the wait is aborted. */
  readonly pause: (ms: number) => Promise<void>
}

const FIRST_PAUSE_MS = 250
const PAUSE_MAX_MS = 5000

/** A lease of any kind. */
export const leaseShaped: Check<Lease> = shaped<Lease>(
  'a lease with acquire()',
  (value) => typeof (value as Partial<Lease>).acquire === 'function',
)

/**
 * Tries until there is a grant or the time is over. A store that fails meanwhile is asked again.
 *
 * @throws CacheAttributionError `ERR_LEASE_TAKEN`; `ERR_LEASE_STORE` where the store failed at last; `ERR_RUN_ABORTED`
 */
export async function waitForLease(lease: Lease, { waitMs, signal, now, pause }: LeaseWait): Promise<LeaseGrant> {
  const untilMs = now() + waitMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    const outcome = await tried(lease)
    if ('grant' in outcome && outcome.grant !== null) {
      if (!signal.aborted) return outcome.grant
      await outcome.grant.release()
    }
    if (signal.aborted) throw new CacheAttributionError('ERR_RUN_ABORTED', 'aborted while it waited for a lease')
    const leftMs = untilMs - now()
    if (leftMs <= 0) {
      if ('error' in outcome) throw outcome.error
      throw new CacheAttributionError(
        'ERR_LEASE_TAKEN',
        `other processes held the lease for the ${String(waitMs)} ms that it was waited for`,
      )
    }
    // Those that wait for the same are kept from asking at the same moments.
    await pause(Math.min(leftMs, pauseMs * (0.5 + Math.random())))
  }
}

async function tried(lease: Lease): Promise<{ readonly grant: LeaseGrant | null } | { readonly error: unknown }> {
  try {
    const grant: unknown = await lease.acquire()
    return { grant: grant === null ? null : checked(grant) }
  } catch (error) {
    return { error: error instanceof CacheAttributionError ? error : storeFailed(messageOf(error), error) }
  }
}

/** A lease may be anybody's. */
function checked(value: unknown): LeaseGrant {
  const { token, signal, release } = Object(value) as Partial<LeaseGrant>
  if (typeof token !== 'number' || typeof release !== 'function') {
    throw storeFailed('its acquire() gave neither null nor a grant with token, signal and release()')
  }
  abortSignal(signal, 'signal of a grant')
  const grant = value as LeaseGrant
  return {
    token,
    signal: grant.signal,
    release: async () => {
      try {
        return await grant.release()
      } catch {
        return false
      }
    },
  }
}

/** Work that is done in a turn, and whether the turn lasted until its end. */
export interface DoneInTurn<T> {
  readonly result: T
  readonly wasHeld: boolean
}

/** Works for as long as the grant is held, and gives it back. @throws CacheAttributionError `ERR_LEASE_LOST`; unknown what `work` throws */
export async function workInTurn<T>(
  grant: LeaseGrant,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<DoneInTurn<T>> {
  try {
    const result = await work(grant.signal)
    return { result, wasHeld: await grant.release() }
  } catch (error) {
    if (!grant.signal.aborted) throw error
    const lost = `the lease with token ${String(grant.token)} was lost before the end`
    throw new CacheAttributionError('ERR_LEASE_LOST', lost, { cause: error })
  } finally {
    await grant.release()
  }
}

/** The error of a store that cannot be asked. */
export function storeFailed(reason: string, cause?: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_LEASE_STORE', reason, { cause })
}
