/** expectRetained(): an assertion on the memory that each call leaves behind, for any test runner. */
import { CacheAttributionError } from '../support/errors.js'
import { parseBytes } from '../support/parse-bytes.js'
import { formatBytes, formatCount } from '../support/units.js'
import { verdictOn } from './per-call.js'
import { describeHolders, findHolders } from './holders.js'
import { resolveRetainedOptions } from './options.js'
import type { MeasuredCall, RetainedOptions } from './options.js'
import { ROUNDS_MAX, inTurn, measureRounds } from './retained-bytes.js'
import type { Decide, RetainedBytes } from './retained-bytes.js'
import type { Round } from './rounds.js'

/** The result of an expectation that holds. */
interface ExpectedRetained extends RetainedBytes {
  /** False where the whole interval does not lie below the limit: a leak of about its size may have been missed. */
  readonly isConclusive: boolean
}

/** The expectations of the calls. */
export interface RetainedExpectation {
  /**
   * Each call leaves less than `limit` behind. It fails only where two rounds in a row, and one with up to four times as many calls after
   * them, lie above the limit with their whole 95 % interval; then the owners that grew and the lines that allocated are named.
   * A cache that is bounded has to be full by then: give `warmUp` where it takes more than six times `times` calls.
   *
   * @param limit in bytes, or a text such as `'1 KiB'`
   * @throws CacheAttributionError `ERR_RETAINED_ABOVE`; else as `retainedBytes()`
   */
  toBeBelow(limit: number | string): Promise<ExpectedRetained>
}

/**
 * An expectation of the memory that calls leave behind. It works in every test runner: a failed expectation is thrown.
 *
 * @param call the work of one request, job or message
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @example
 * it('keeps nothing of a request', async () => {
 *   await expectRetained(() => handle(request()), { times: 200 }).toBeBelow('1 KiB')
 * })
 */
export function expectRetained(call: MeasuredCall, options?: RetainedOptions): RetainedExpectation {
  const resolved = resolveRetainedOptions('expectRetained()', call, options)
  return {
    toBeBelow: async (limit) => {
      const limitInBytes = parseBytes(limit, 'limit')
      return inTurn(async () => {
        const { retained, verdict } = await measureRounds(call, resolved, (rounds) => decide(rounds, limitInBytes))
        if (verdict !== 'above') return { ...retained, isConclusive: verdict === 'below' }
        const holders = await findHolders(call, resolved, retained.bytesPerCall)
        const lines = [headline(retained, limitInBytes), ...describeHolders(holders)]
        throw new CacheAttributionError('ERR_RETAINED_ABOVE', lines.join('\n  '))
      })
    },
  }
}

/**
 * Below as soon as one round is; above by two in a row and a long one after them. What stays undecided is left to a long one.
 */
export function decide(rounds: readonly Round[], limitInBytes: number): ReturnType<Decide> {
  const [before, latest] = [rounds.at(-2), rounds.at(-1)]
  if (latest === undefined) return 'another'
  const verdict = verdictOn(latest, limitInBytes)
  if (verdict === 'below') return verdict
  if (latest.isLong) return latest.isSteady ? verdict : 'undecided'
  const isTwice = before !== undefined && verdict === 'above' && verdictOn(before, limitInBytes) === 'above'
  return isTwice || rounds.length === ROUNDS_MAX - 1 ? 'a long one' : 'another'
}

function headline(retained: RetainedBytes, limitInBytes: number): string {
  const { bytesPerCall, uncertaintyBytes, calls, heapBytes, allocatedBytes, mappedBytes } = retained
  const parts = [
    ["V8's heap", heapBytes],
    ['memory of the allocator', allocatedBytes],
    ['memory that V8 maps', mappedBytes],
  ] as const
  const known = parts.flatMap(([what, bytes]) =>
    bytes !== null && Math.abs(bytes) >= 0.005 * bytesPerCall ? [`${formatBytes(bytes)} of ${what}`] : [],
  )
  return `each call leaves ${formatBytes(bytesPerCall)} ± ${formatBytes(uncertaintyBytes)} behind, more than ${formatBytes(limitInBytes)} (${known.join(', ')}; ${formatCount(calls)} calls)`
}
