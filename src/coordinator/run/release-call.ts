/** Calling a release: its context, its deadline, its end. */
import type { ReleaseOutcome } from '../../measure/window.js'
import type { AttributionMode, CacheStatus, RowError } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import type { RegisteredCache } from '../registry.js'
import type { TrimBatch } from './plan.js'
import { ownTimers } from '../../support/own-timers.js'

/** How a release ended. */
export interface ReleaseEnd {
  readonly status: CacheStatus
  readonly error?: RowError
}

/** One call of a cache's release, or of its trim. */
export class ReleaseCall {
  readonly #cache: RegisteredCache
  readonly #mode: AttributionMode
  readonly #batch: TrimBatch | undefined
  readonly #controller = new AbortController()
  #hasThrown = false

  constructor(cache: RegisteredCache, mode: AttributionMode, batch?: TrimBatch) {
    this.#cache = cache
    this.#mode = mode
    this.#batch = batch
  }

  /** Whether it threw; a promise that was rejected is none of this. */
  get hasThrown(): boolean {
    return this.#hasThrown
  }

  /** Within a window. What it throws is the window's to catch. */
  call(): unknown {
    const { releasable } = this.#cache
    const context = { mode: this.#mode, signal: this.#controller.signal }
    // Set back when it returns: what it throws passes through here as it is.
    this.#hasThrown = true
    const returned =
      this.#batch === undefined
        ? releasable.release(context)
        : releasable.trim?.(this.#batch.fraction, { ...context, choice: this.#batch.choice })
    this.#hasThrown = false
    return returned
  }

  /** Waits for an asynchronous release until its deadline or the run's abort, whichever is first. */
  async end(outcome: Promise<ReleaseOutcome>, timeoutMs: number, abort: AbortSignal): Promise<ReleaseEnd> {
    let giveUp: (end: ReleaseEnd) => void = () => undefined
    const given = new Promise<ReleaseEnd>((resolve) => (giveUp = resolve))
    const stop = (code: 'ERR_RELEASE_TIMEOUT' | 'ERR_RUN_ABORTED', message: string): void => {
      giveUp({ status: 'timed-out', error: { code, message } })
      this.#controller.abort()
    }
    const timer = ownTimers.setTimeout(() => {
      stop('ERR_RELEASE_TIMEOUT', `it did not finish within ${String(timeoutMs)} ms`)
    }, timeoutMs)
    const onAbort = (): void => {
      stop('ERR_RUN_ABORTED', 'the run was aborted while it was being released')
    }
    abort.addEventListener('abort', onAbort)
    if (abort.aborted) onAbort()
    try {
      return await Promise.race([outcome.then(endOf), given])
    } finally {
      ownTimers.clearTimeout(timer)
      abort.removeEventListener('abort', onAbort)
    }
  }
}

/** The end of a release that settled. */
export function endOf(outcome: ReleaseOutcome): ReleaseEnd {
  return outcome.kind === 'done'
    ? { status: 'released' }
    : { status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: messageOf(outcome.error) } }
}
