/**
 * When a schedule is due: every so often by a clock that never steps, or as a cron expression says by the wall clock.
 *
 * Rule: a tick that was missed is not made up for. However late the process woke, or whichever way its clock was set, there is one
 * tick and then the next one that lies ahead.
 */
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { requireOptional } from '../support/own-package.js'
import type { LogEnvironment } from './environment.js'

/** When the next tick is. */
export interface Timing {
  /** Milliseconds from now; `ticksMissed` lie between the one before and this one. */
  next(): { readonly inMs: number; readonly ticksMissed: number }
  /** The same tick, part of the wait later: milliseconds from now, where `leftMs` would be left by a clock that never steps. */
  remaining(leftMs: number): number
}

/** An interval in milliseconds. Each tick is moved by at most `jitter` of it, so that the processes of a fleet do not tick together. */
export function everyMs(intervalMs: number, jitter: number, environment: LogEnvironment): Timing {
  // A first tick anywhere in the interval spreads a fleet that was deployed at once.
  let gridMs = environment.now() - intervalMs * (jitter > 0 ? environment.random() : 0)
  return {
    next: () => {
      const passed = Math.floor((environment.now() - gridMs) / intervalMs)
      gridMs += (Math.max(0, passed) + 1) * intervalMs
      const movedMs = (environment.random() - 0.5) * 2 * jitter * intervalMs
      return { inMs: Math.max(1, gridMs + movedMs - environment.now()), ticksMissed: Math.max(0, passed) }
    },
    remaining: (leftMs) => leftMs,
  }
}

/** Cron expressions are of whole seconds. */
const EARLY_MAX_MS = 500

/** The part of croner that is used. */
interface Croner {
  readonly Cron: new (
    pattern: string,
    options: { paused: true; timezone?: string },
  ) => { nextRun(from: Date): Date | null; stop(): void }
}

/**
 * As a cron expression says, read by croner, an optional peer.
 *
 * @throws CacheAttributionError `ERR_CRONER_MISSING`; `ERR_OPTION_RANGE` for an expression that it does not understand, or that is never due
 */
export function cron(pattern: string, timeZone: string | undefined, environment: LogEnvironment): Timing {
  const { Cron } = loadCroner()
  const nextAfter = (date: Date): Date | null => {
    const job = new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) })
    try {
      return job.nextRun(date)
    } finally {
      job.stop()
    }
  }
  try {
    if (nextAfter(environment.date()) === null) throw new Error('it is never due')
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"cron" ${JSON.stringify(pattern)} is refused: ${messageOf(error)}`,
    )
  }
  let due = Infinity
  return {
    next: () => {
      const now = environment.date()
      // A timer may fire a moment early by the wall clock, and the tick that is made now would be found once more.
      const isEarly = due > now.getTime() && due - now.getTime() < EARLY_MAX_MS
      due = nextAfter(isEarly ? new Date(due) : now)?.getTime() ?? Infinity
      return { inMs: Math.max(1, due - now.getTime()), ticksMissed: 0 }
    },
    remaining: () => {
      const now = environment.date()
      // Set back, the clock may have another tick ahead before the one that was waited for.
      due = Math.min(due, nextAfter(now)?.getTime() ?? Infinity)
      return due - now.getTime()
    },
  }
}

function loadCroner(): Croner {
  try {
    return requireOptional('croner') as Croner
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_CRONER_MISSING',
      `${messageOf(error).split('\n', 1)[0] ?? ''} (to install: npm i croner)`,
      {
        cause: error,
      },
    )
  }
}
