/**
 * Calls of what is measured, one after the other.
 *
 * Rule: whatever a call throws or rejects with goes to the one who asked, as it is. A call that never ends costs its own measurement, and no
 * later one.
 */
import { CacheAttributionError } from '../support/errors.js'
import { isThenable } from '../support/is-thenable.js'
import { ownTimers } from '../support/own-timers.js'
import type { MeasuredCall, ResolvedRetainedOptions } from './options.js'

/** Makes the calls of one measurement and counts them. */
export class Calls {
  readonly #call: MeasuredCall
  readonly #options: ResolvedRetainedOptions
  #count = 0

  constructor(call: MeasuredCall, options: ResolvedRetainedOptions) {
    this.#call = call
    this.#options = options
  }

  /** Those that have ended. */
  get count(): number {
    return this.#count
  }

  /** @throws CacheAttributionError `ERR_RUN_ABORTED`, `ERR_CALL_TIMEOUT`; whatever the call throws */
  async make(times: number): Promise<void> {
    for (let made = 0; made < times; made++) {
      this.checkAborted()
      // A call that returns no promise costs none.
      const returned = this.#call()
      if (isThenable(returned)) await this.#inTime(returned)
      this.#count++
    }
  }

  /** @throws CacheAttributionError `ERR_RUN_ABORTED` */
  checkAborted(): void {
    if (this.#options.signal?.aborted !== true) return
    throw new CacheAttributionError('ERR_RUN_ABORTED', `the measurement was aborted after ${String(this.#count)} calls`)
  }

  async #inTime(thenable: PromiseLike<unknown>): Promise<void> {
    const { callTimeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise((resolve, reject) => {
        timer = ownTimers.setTimeout(() => {
          const calls = String(this.#count)
          reject(
            new CacheAttributionError(
              'ERR_CALL_TIMEOUT',
              `a call did not end within ${String(callTimeoutMs)} ms, after ${calls} calls that did`,
            ),
          )
        }, callTimeoutMs)
        Promise.resolve(thenable).then(resolve, reject)
      })
    } finally {
      ownTimers.clearTimeout(timer)
    }
  }
}
