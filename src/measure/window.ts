/**
 * The measured window: read, release, read, in one turn of the event loop.
 *
 * Rule: between the two reads of a window no other JavaScript of this isolate runs. Several windows can stand side by
 * side in one turn and then share reads: n + 1 collections for n caches. A release that returns a promise ends the
 * turn: its microtasks still belong to it, what it does in later turns does not.
 */
import type { Collector, Environment } from '../support/environment.js'
import type { Finalizers } from './finalizers.js'
import { UNREAD } from './figures.js'
import type { Reading } from './figures.js'
import type { MemorySample, Sampler } from './sample.js'
import { settleAfter, settleBefore, settleTools } from './settle.js'
import type { GcMode } from './settle.js'
import type { ThreadWatch } from './threads.js'

/** One release to be measured. */
export interface WindowStep {
  /** Calls the release; may return a promise; may throw. */
  release(): unknown
  /** Called when nothing of the release runs any more in this turn: behind its microtasks, however it ended. */
  afterRelease?(): void
}

/** How a release went within its turn. */
export type ReleaseState =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Still at work when the turn ended; the promise never rejects. */
  | { readonly kind: 'pending'; readonly outcome: Promise<ReleaseOutcome> }

/** The end of an asynchronous release. */
export type ReleaseOutcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown }

/** One window. `after` holds what came back within the turn, to the byte that the allocator counts. */
export interface WindowReading {
  readonly before: Reading
  readonly after: Reading
  readonly state: ReleaseState
  /** False when a drain on either side ran into its bound. */
  readonly settled: boolean
  /** How long this window held the event loop; the first of a turn carries the settling before it. */
  readonly pauseMs: number
  /** How long the release itself held it. */
  readonly releaseMs: number
}

/** The windows of one turn; fewer than steps where a release turned out to be asynchronous. */
export interface TurnReadings {
  readonly windows: readonly WindowReading[]
  readonly startedAtMs: number
  /** How long the turn held the event loop. */
  readonly pauseMs: number
}

/** The dependencies of a window. */
export interface Instrument {
  readonly environment: Environment
  readonly sampler: Sampler
  /** Null where nothing is forced. */
  readonly collector: Collector | null
  /** The other threads; null where the kernel does not report it. */
  readonly threads: ThreadWatch | null
  /** Finalizers that wait for a turn; without them their memory goes behind the window. */
  readonly finalizers?: Finalizers | null
}

/**
 * How often the end of the microtasks is awaited for a release that uses process.nextTick itself. Each round runs only
 * what waits already, so this cannot let another macrotask in.
 */
const MICROTASK_ROUNDS = 8

/**
 * Measures `steps` one after the other in one turn. Never rejects for what a release does; rejects when the allocator
 * or the collector fails.
 *
 * @param afterTurn runs in the same turn after the last read: cheap looks at the caches before anything else can run
 */
export function measureTurn(
  instrument: Instrument,
  mode: GcMode,
  steps: readonly WindowStep[],
  afterTurn: () => void = () => undefined,
): Promise<TurnReadings> {
  return new Promise((resolve, reject) => {
    const { environment } = instrument
    environment.inOwnTurn(() => {
      const turn = new Turn(instrument, mode)
      const finish = (): void => {
        try {
          afterTurn()
          resolve(turn.readings())
        } catch (error) {
          reject(error)
        }
      }
      try {
        turn.open()
        for (const step of steps) {
          const pending = turn.release(step)
          if (pending instanceof PendingRelease) {
            afterRounds(environment, pending, () => {
              try {
                turn.endRelease()
                step.afterRelease?.()
                turn.close(pending.state())
                finish()
              } catch (error) {
                reject(error)
              }
            })
            return
          }
          step.afterRelease?.()
          turn.close(pending ?? { kind: 'done' })
        }
        finish()
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** A settled sample in a turn of its own. */
export interface SettledLevel {
  readonly sample: MemorySample
  readonly settled: boolean
  /** How long it held the event loop. */
  readonly pauseMs: number
  /** Monotonic. */
  readonly atMs: number
}

/** Settles and samples in a turn of its own. */
export function measureLevel(instrument: Instrument, mode: GcMode): Promise<SettledLevel> {
  return new Promise((resolve, reject) => {
    const { collector, environment, sampler } = instrument
    environment.inOwnTurn(() => {
      try {
        const atMs = environment.now()
        const { isQuiescent } = settleBefore(settleTools(instrument), collector, mode)
        const sample = sampler.sample()
        resolve({ sample, settled: isQuiescent, pauseMs: environment.now() - atMs, atMs })
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** The state of one turn while it runs. */
class Turn {
  readonly #instrument: Instrument
  readonly #mode: GcMode
  readonly #windows: WindowReading[] = []
  readonly #startedAtMs: number
  #markMs: number
  #releasedAtMs = 0
  #releaseMs = 0
  #settled = true
  #level: Reading = UNREAD

  constructor(instrument: Instrument, mode: GcMode) {
    this.#instrument = instrument
    this.#mode = mode
    this.#startedAtMs = this.#markMs = instrument.environment.now()
  }

  open(): void {
    const { collector, sampler } = this.#instrument
    this.#settled = settleBefore(settleTools(this.#instrument), collector, this.#mode).isQuiescent
    this.#level = sampler.figures()
  }

  /** Undefined when it is done, a failure, or a release that goes on after it returned. */
  release(step: WindowStep): undefined | ReleaseState | PendingRelease {
    this.#releasedAtMs = this.#instrument.environment.now()
    try {
      const returned = step.release()
      const then = thenOf(returned)
      return then === undefined ? undefined : new PendingRelease(returned, then)
    } catch (error) {
      return { kind: 'failed', error }
    } finally {
      this.endRelease()
    }
  }

  /** Nothing of the release runs any more in this turn; microtasks of its own may have followed its return. */
  endRelease(): void {
    this.#releaseMs = this.#instrument.environment.now() - this.#releasedAtMs
  }

  close(state: ReleaseState): void {
    const { collector, environment, sampler } = this.#instrument
    const { isQuiescent } = settleAfter(settleTools(this.#instrument), collector, this.#mode)
    const after = sampler.figures()
    const now = environment.now()
    this.#windows.push({
      before: this.#level,
      after,
      state,
      settled: this.#settled && isQuiescent,
      pauseMs: now - this.#markMs,
      releaseMs: this.#releaseMs,
    })
    this.#level = after
    this.#settled = isQuiescent
    this.#markMs = now
  }

  readings(): TurnReadings {
    return {
      windows: this.#windows,
      startedAtMs: this.#startedAtMs,
      pauseMs: this.#instrument.environment.now() - this.#startedAtMs,
    }
  }
}

/** A release that returned a promise, and what became of it so far. */
class PendingRelease {
  #outcome: ReleaseOutcome | undefined
  readonly #settled: Promise<ReleaseOutcome>

  constructor(thenable: unknown, then: Then) {
    this.#settled = adopt(thenable, then).then(
      () => (this.#outcome = { kind: 'done' as const }),
      (error: unknown) => (this.#outcome = { kind: 'failed' as const, error }),
    )
  }

  get isSettled(): boolean {
    return this.#outcome !== undefined
  }

  state(): ReleaseState {
    return this.#outcome ?? { kind: 'pending', outcome: this.#settled }
  }
}

function afterRounds(environment: Environment, pending: PendingRelease, then: () => void, round = 1): void {
  environment.afterMicrotasks(() => {
    if (pending.isSettled || round === MICROTASK_ROUNDS) then()
    else afterRounds(environment, pending, then, round + 1)
  })
}

type Then = (onDone: (value: unknown) => void, onFailed: (reason: unknown) => void) => unknown

/** Reads `then` once, as `await` does. Reading may throw: the caller counts that as a failure of the release. */
function thenOf(value: unknown): Then | undefined {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  const then = (value as { then?: unknown }).then
  return typeof then === 'function' ? (then as Then) : undefined
}

/** A release that resolves with promises without end would keep the microtasks of this thread going for ever. */
const THENABLES_MAX = 1000
const nativeThen: unknown = Reflect.get(Promise.prototype, 'then')

/**
 * A promise for a thenable that may throw from then(), call back twice, or resolve with another one. One that resolves with itself is
 * refused, as Promises/A+ asks, and so is a chain of them that does not end.
 */
function adopt(thenable: unknown, then: Then): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let followed = 0
    const follow = (source: unknown, method: Then): void => {
      let isSettled = false
      const once = (settle: () => void): void => {
        if (isSettled) return
        isSettled = true
        try {
          settle()
        } catch (error) {
          reject(asError(error))
        }
      }
      const onDone = (value: unknown): void => {
        once(() => {
          if (value === source) throw new TypeError('the promise of the release resolves with itself')
          const next = thenOf(value)
          if (next === undefined || (next as unknown) === nativeThen) resolve(value)
          else if (++followed > THENABLES_MAX)
            throw new TypeError('the promise of the release resolves with promises without end')
          else {
            queueMicrotask(() => {
              follow(value, next)
            })
          }
        })
      }
      const onFailed = (reason: unknown): void => {
        once(() => {
          reject(reason)
        })
      }
      try {
        method.call(source, onDone, onFailed)
      } catch (error) {
        onFailed(error)
      }
    }
    follow(thenable, then)
  })
}

/** A thrown value goes on as it is. */
function asError(thrown: unknown): Error {
  return thrown as Error
}
