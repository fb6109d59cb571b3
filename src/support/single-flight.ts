/**
 * Single flight: an identical call joins the run under way, a different one is refused.
 *
 * Rule: a caller that goes away leaves the run to those who still wait; when the last one goes, the run is aborted.
 */
import { CacheAttributionError } from './errors.js'
import type { ErrorCode } from './errors.js'

/** A task under way. */
interface Flight<T> {
  readonly key: string
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
}

/** Runs one task at a time. */
export class SingleFlight<T> {
  readonly #abortedCode: ErrorCode
  #current: Flight<T> | undefined

  /** `abortedCode` is what a caller gets that leaves while others still wait. */
  constructor(abortedCode: ErrorCode) {
    this.#abortedCode = abortedCode
  }

  /** The key of the task under way. */
  get key(): string | undefined {
    return this.#current?.key
  }

  /** Whether the task under way was aborted and is ending: a caller that joins now would get that abort. */
  get isAborting(): boolean {
    return this.#current?.abort.signal.aborted === true
  }

  /** Joins the task under way: only when its key is the same. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    const current = this.#current
    if (current === undefined) throw new Error('nothing is under way')
    return this.#wait(current, new Leaving(signal))
  }

  /** Starts a task; none may be under way. */
  start(key: string, signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // First of all: a signal that throws starts nothing.
    const leaving = new Leaving(signal)
    const abort = new AbortController()
    let settle: (result: Promise<T>) => void = () => undefined
    const result = new Promise<T>((resolve) => (settle = resolve))
    // A failure rejects every waiting call; without one it is no unhandled rejection.
    result.catch(() => undefined)
    // The task is under way before its first line runs: what that calls may want to join it, or to abort it.
    this.#current = { key, result, abort, waiting: 0 }
    const waiting = this.#wait(this.#current, leaving)
    settle(task(abort.signal).finally(() => (this.#current = undefined)))
    return waiting
  }

  /** Aborts the task under way, and resolves when it has ended. */
  async abort(): Promise<void> {
    const current = this.#current
    current?.abort.abort()
    await current?.result.then(
      () => undefined,
      () => undefined,
    )
  }

  async #wait(current: Flight<T>, leaving: Leaving): Promise<T> {
    current.waiting++
    const left = new Promise<never>((_, reject) => {
      leaving.onLeave(() => {
        if (--current.waiting > 0) {
          reject(new CacheAttributionError(this.#abortedCode, 'this caller left; it goes on for the others'))
        } else {
          // The run itself ends with what it measured so far.
          current.abort.abort()
        }
      })
    })
    return Promise.race([current.result, left]).finally(() => {
      leaving.forget()
    })
  }
}

/** A caller's signal. It may be forged: whatever it throws, it throws at the beginning, or to nobody. */
class Leaving {
  readonly #signal: AbortSignal | undefined
  #hasLeft = false
  #leave: (() => void) | undefined
  readonly #onAbort = (): void => {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#leave?.()
  }

  /** Throws what the signal throws. */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#hasLeft = true
  }

  /** Calls `leave` once, at once where the signal was aborted before. */
  onLeave(leave: () => void): void {
    this.#leave = leave
    if (this.#hasLeft) leave()
  }

  forget(): void {
    try {
      this.#signal?.removeEventListener('abort', this.#onAbort)
    } catch {
      // It was listened to, and nobody waits for it any more.
    }
  }
}
