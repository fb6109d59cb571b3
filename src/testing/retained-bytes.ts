/** retainedBytes(): how much memory each call of a function leaves behind. */
import type { ByQuantity } from '../measure/figures.js'
import { ownTimers } from '../support/own-timers.js'
import { Calls } from './calls.js'
import type { Verdict } from './per-call.js'
import { resolveRetainedOptions } from './options.js'
import type { MeasuredCall, ResolvedRetainedOptions, RetainedOptions } from './options.js'
import { Rounds } from './rounds.js'
import type { Round } from './rounds.js'

/** The bytes that calls left behind, as their last round showed it. */
export interface RetainedBytes extends ByQuantity<number | null> {
  /** Bytes that one call leaves behind, in all quantities together. Values that scatter around zero are negative half of the time. */
  readonly bytesPerCall: number
  /** Half-width of the 95 % interval around `bytesPerCall`. */
  readonly uncertaintyBytes: number
  /**
   * False where the growth was falling off when the rounds ended (a table that is still being filled, say): more calls may
   * leave less behind.
   */
  readonly isSteady: boolean
  /** Calls in all, those to warm up among them. */
  readonly calls: number
  readonly durationMs: number
}

/** Rounds of one measurement at most. */
export const ROUNDS_MAX = 4

/** Whether the rounds so far are enough, and what they say of a limit where there is one; else which round is next. */
export type Decide = (rounds: readonly Round[]) => Verdict | 'another' | 'a long one'

/**
 * Measures how many bytes each call of `call` leaves behind, in this process: `times` calls between settled readings, in up to four
 * rounds until the growth is steady. Memory that is filled or compiled only once does not count. Calls are made one after the other;
 * those that return a promise are awaited.
 *
 * Other work of the process during the measurement is counted as well: measure in a test of its own.
 *
 * @param call the work of one request, job or message
 * @returns bytes per call: V8's heap, the allocator's live memory (jemalloc or glibc; without either `null`, and JavaScript alone is seen), and
 *   what V8 maps itself
 * @throws whatever `call` throws or rejects with; CacheAttributionError `ERR_CALL_TIMEOUT`, `ERR_RUN_ABORTED`, `ERR_RUN_IN_PROGRESS`,
 *   `ERR_OPTION_*`, `ERR_GC_UNAVAILABLE`
 * @example
 * const { bytesPerCall, uncertaintyBytes } = await retainedBytes(() => handle(request()), { times: 200 })
 */
export async function retainedBytes(call: MeasuredCall, options?: RetainedOptions): Promise<RetainedBytes> {
  const resolved = resolveRetainedOptions('retainedBytes()', call, options)
  const { retained } = await inTurn(() =>
    measureRounds(call, resolved, (rounds) => (rounds.at(-1)?.isSteady === true ? 'undecided' : 'another')),
  )
  return retained
}

/** The last round, and what was decided by it and those before it. */
export interface MeasuredRounds {
  readonly retained: RetainedBytes
  readonly verdict: Verdict
}

/** Makes rounds until `decide` has an answer. */
export async function measureRounds(
  call: MeasuredCall,
  options: ResolvedRetainedOptions,
  decide: Decide,
): Promise<MeasuredRounds> {
  const startedMs = ownTimers.now()
  const calls = new Calls(call, options)
  const maker = new Rounds(calls, options)
  return maker.keepingCode(async () => {
    await maker.prepare()
    const rounds: Round[] = []
    let round = await maker.make()
    for (;;) {
      rounds.push(round)
      const verdict = decide(rounds)
      if ((verdict === 'another' || verdict === 'a long one') && rounds.length < ROUNDS_MAX) {
        round = await (verdict === 'another' ? maker.make() : maker.makeLong(round))
        continue
      }
      return {
        verdict: verdict === 'below' || verdict === 'above' ? verdict : 'undecided',
        retained: {
          bytesPerCall: round.bytes,
          uncertaintyBytes: round.uncertaintyBytes,
          ...round.quantities,
          isSteady: round.isSteady,
          calls: calls.count,
          durationMs: ownTimers.now() - startedMs,
        },
      }
    }
  })
}

let last: Promise<unknown> = Promise.resolve()

/** Two measurements would measure each other: the second waits for the end of the first. */
export async function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const own = last.then(task, task)
  last = own.catch(() => undefined)
  return own
}
