/** The twin as a tool of its own: a synchronous function, run in a copy of this process that nobody talks to. */
import { takeRunLock } from '../measure/locks.js'
import { newInstrument } from '../measure/new-instrument.js'
import type { Instrument } from '../measure/window.js'
import { CacheAttributionError, describe } from '../support/errors.js'
import { abortSignal, callable, number, optional, resolveOptions } from '../support/options.js'
import type { Check, OptionRules } from '../support/options.js'
import { TwinError, makeTwin } from './make-twin.js'
import type { TwinContext } from './child.js'
import type { TwinOptions } from './types.js'

const DEFAULT_TIMEOUT_MS = 60_000

/**
 * Runs `fn` in a twin: a copy-on-write child, forked while the process is quiescent. `fn` sees all memory as it is now and may
 * change it: no change reaches this process, its sockets, its files or its data. Resolves with the value that `fn` returned, as JSON.
 *
 * `fn` must be synchronous: the twin has no event loop and no other thread.
 *
 * @throws CacheAttributionError `ERR_TWIN_UNSUPPORTED`, `ERR_TWIN_MEMORY`, `ERR_TWIN_FORK` before anything is done;
 *   `ERR_TWIN_THROWN`, `ERR_TWIN_RESULT`, `ERR_TWIN_OVERTIME` for what `fn` did; `ERR_TWIN_CRASHED`, `ERR_TWIN_STUCK`
 *   where every attempt ended without a result; `ERR_RUN_IN_PROGRESS`, `ERR_RUN_ABORTED`, `ERR_OPTION_*`
 * @example
 * const keys = await runInTwin(() => {
 *   sessions.delete('me') // in the twin alone
 *   return [...sessions.keys()].filter((key) => JSON.stringify(sessions.get(key)).length > 1e6)
 * })
 */
export async function runInTwin<T>(fn: (twin: TwinContext) => T, options?: TwinOptions): Promise<T> {
  if (typeof fn !== 'function') {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `runInTwin() takes a synchronous function, got ${describe(fn)}`)
  }
  return workInTwin((twin) => refusePromise(fn(twin)), resolveTwinOptions(options)) as Promise<T>
}

/** The needs of `work` beside the options. */
interface TwinNeeds {
  readonly keepFd?: number
  readonly extraBytes?: number
  /** Called with each child that is made. */
  readonly onForked?: (pid: number) => void
  /** Called with why an attempt ended without a result. */
  readonly onFailure?: (reason: string) => void
}

/** Runs `work` in a twin under the lock of the process. */
export async function workInTwin(
  work: (twin: TwinContext, instrument: Instrument) => unknown,
  { timeoutMs, attempts, signal, onMessage, onCost }: ResolvedTwinOptions,
  needs: TwinNeeds = {},
): Promise<unknown> {
  return withRunLock(async () => {
    const instrument = newInstrument()
    try {
      const { value, cost } = await makeTwin({
        instrument,
        allowMs: timeoutMs,
        attempts,
        signal,
        keepFd: needs.keepFd ?? -1,
        extraBytes: needs.extraBytes ?? 0,
        predictsCopies: false,
        work: (twin) => work(twin, instrument),
        onForked: (_before, pid) => needs.onForked?.(pid),
        onMessage: (message) => onMessage?.(message),
        // A function that used up its time would do so again.
        onFailure: ({ code, reason }) => {
          needs.onFailure?.(reason)
          return code !== 'ERR_TWIN_OVERTIME'
        },
      })
      onCost?.(cost)
      return value
    } catch (error) {
      if (error instanceof TwinError && error.cost !== null) onCost?.(error.cost)
      throw error
    }
  })
}

/** {@link TwinOptions}, complete. */
export interface ResolvedTwinOptions {
  readonly timeoutMs: number
  readonly attempts: number
  readonly signal: AbortSignal | undefined
  readonly onMessage: TwinOptions['onMessage']
  readonly onCost: TwinOptions['onCost']
}

/** The rules of {@link TwinOptions}, for what has options of its own beside them. */
export function twinRules(timeoutMs: number): OptionRules<ResolvedTwinOptions> {
  return {
    timeoutMs: { check: number({ min: 1, max: 24 * 60 * 60 * 1000 }), fallback: timeoutMs },
    attempts: { check: number({ min: 1, max: 10, integer: true }), fallback: 3 },
    signal: optional(abortSignal),
    onMessage: optional(callable as Check<NonNullable<TwinOptions['onMessage']>>),
    onCost: optional(callable as Check<NonNullable<TwinOptions['onCost']>>),
  }
}

function resolveTwinOptions(options: TwinOptions | undefined): ResolvedTwinOptions {
  return resolveOptions<ResolvedTwinOptions>('runInTwin()', options, twinRules(DEFAULT_TIMEOUT_MS))
}

/** One run or twin at a time in a process. @throws CacheAttributionError `ERR_RUN_IN_PROGRESS` */
async function withRunLock<T>(task: () => Promise<T>): Promise<T> {
  const giveBack = takeRunLock()
  if (giveBack === null) {
    throw new CacheAttributionError('ERR_RUN_IN_PROGRESS', 'a run or another twin of this process is under way')
  }
  return task().finally(giveBack)
}

function refusePromise(value: unknown): unknown {
  if (value instanceof Promise) {
    value.catch(() => undefined)
    throw new TypeError('the function returned a promise, and in a twin no event loop turns to settle it')
  }
  return value
}
