/**
 * A task that is aborted by its caller or when its time is over.
 *
 * Rule: the timer holds what it aborts. `AbortSignal.any()` of an `AbortSignal.timeout()` is not held by anything in Node 20: it may be
 * collected, and the task waits for ever.
 */
import { ownTimers } from './own-timers.js'

/** A timer of more fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** Gives `task` a signal, and what `task` gives. The reason of a signal whose time is over is a `TimeoutError`. */
export async function withinTime<T>(
  ms: number,
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => {
    controller.abort(signal?.reason)
  }
  const timer = ownTimers.setTimeout(
    () => {
      controller.abort(new DOMException(`it took longer than ${String(ms)} ms`, 'TimeoutError'))
    },
    Math.min(ms, TIMER_MAX_MS),
  )
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await task(controller.signal)
  } finally {
    ownTimers.clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
