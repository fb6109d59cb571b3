/** The limits of a discovery's cost: refused before the fork where it is known to cost more, and watched from this process. */
import { readFile } from 'node:fs/promises'
import type { ReportWarning } from '../../report/types.js'
import { CacheAttributionError } from '../../support/errors.js'
import { number, optional, resolveOptions } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { ownTimers } from '../../support/own-timers.js'
import { formatBytes, formatMs } from '../../support/units.js'
import { privateBytesIn } from '../child.js'

/** The limits of {@link discover}'s cost. */
export interface DiscoverBudget {
  /**
   * Longest time in milliseconds from the call to its result. Owners that are not emptied by then have the figures of the graph, and
   * `WARN_BUDGET_ENDED` says so. A walk of the heap that takes longer is ended, with `ERR_BUDGET_DURATION`.
   * @default undefined: no limit but `timeoutMs`
   */
  readonly durationMs?: number | undefined
  /**
   * Most memory in bytes that the twin may have for itself: what it copies, and the columns of the walk. Where the estimate is
   * above it, no twin is made (`ERR_BUDGET_MEMORY`). The twin's use is read five times a second: above the budget the twin is
   * ended, and the results so far are given.
   * @default undefined: what the machine and the control groups have left
   */
  readonly memoryBytes?: number | undefined
  /**
   * Longest pause of this process in milliseconds. Where the last twin paused it for longer, no twin is made
   * (`ERR_BUDGET_PAUSE`). Without a twin in the last ten minutes no pause is expected, and a twin is made.
   * @default undefined: no limit
   */
  readonly pauseMs?: number | undefined
}

/** The same, checked. */
export type ResolvedDiscoverBudget = { readonly [K in keyof DiscoverBudget]-?: number | undefined }

const DAY_MS = 24 * 60 * 60 * 1000
const milliseconds = number({ min: 1, max: DAY_MS })

/** @throws CacheAttributionError `ERR_OPTION_*` */
export const discoverBudget: Check<ResolvedDiscoverBudget> = (value) =>
  resolveOptions<ResolvedDiscoverBudget>('budget', value, {
    durationMs: optional(milliseconds),
    memoryBytes: optional(number({ min: 1 })),
    pauseMs: optional(milliseconds),
  })

/** The expected cost of the next twin. */
export interface ExpectedCost {
  /** Most bytes that the twin will have for itself: an upper bound. */
  readonly memoryBytes: number
  /** For how long this process will stand still; null where no twin was made in the last ten minutes. */
  readonly pauseMs: number | null
}

/** @throws CacheAttributionError `ERR_BUDGET_MEMORY`, `ERR_BUDGET_PAUSE` */
export function refuseOverBudget(budget: ResolvedDiscoverBudget, expected: ExpectedCost): void {
  const { memoryBytes = Infinity, pauseMs = Infinity } = budget
  if (expected.memoryBytes > memoryBytes) {
    const needed = formatBytes(expected.memoryBytes)
    throw new CacheAttributionError(
      'ERR_BUDGET_MEMORY',
      `the twin may need up to ${needed}, budget.memoryBytes is ${formatBytes(memoryBytes)}`,
    )
  }
  if (expected.pauseMs !== null && expected.pauseMs > pauseMs) {
    const needed = formatMs(expected.pauseMs)
    throw new CacheAttributionError(
      'ERR_BUDGET_PAUSE',
      `a twin is expected to pause this process for ${needed}, by what the last one took; budget.pauseMs is ${String(pauseMs)}`,
    )
  }
}

const POLL_MS = 200

/** Ends a twin, by the signal that it is made with, when its budget or its caller does. */
export class BudgetWatch {
  readonly #budget: ResolvedDiscoverBudget
  readonly #caller: AbortSignal | undefined
  readonly #controller = new AbortController()
  readonly #duration: NodeJS.Timeout | undefined
  #memory: NodeJS.Timeout | undefined
  #ended: { readonly code: 'ERR_BUDGET_DURATION' | 'ERR_BUDGET_MEMORY'; readonly words: string } | null = null
  readonly #onAbort = (): void => {
    this.#controller.abort()
  }

  /** Time runs from here on. */
  constructor(budget: ResolvedDiscoverBudget, caller: AbortSignal | undefined) {
    this.#budget = budget
    this.#caller = caller
    const { durationMs } = budget
    if (durationMs !== undefined) {
      this.#duration = ownTimers.setTimeout(() => {
        this.#end('ERR_BUDGET_DURATION', `budget.durationMs of ${String(durationMs)} ms ended`)
      }, durationMs)
    }
    caller?.addEventListener('abort', this.#onAbort)
    if (caller?.aborted === true) this.#onAbort()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** A child was forked; one of before is gone. */
  watchMemory(pid: number): void {
    const { memoryBytes } = this.#budget
    ownTimers.clearTimeout(this.#memory)
    if (memoryBytes === undefined || this.signal.aborted) return
    this.#memory = ownTimers.setTimeout(() => {
      void this.#checkMemory(pid, memoryBytes)
    }, POLL_MS)
  }

  /** Why the budget ended the twin; null where something else did. */
  get ended(): CacheAttributionError | null {
    if (this.#ended === null) return null
    const { code, words } = this.#ended
    return new CacheAttributionError(code, `${words} before the heap was walked, so nothing is known of its owners`)
  }

  /** The same, where the walk is known. */
  get warning(): ReportWarning | null {
    return this.#ended === null ? null : budgetEnded(`${this.#ended.words}: all figures are those of the graph`)
  }

  close(): void {
    ownTimers.clearTimeout(this.#duration)
    ownTimers.clearTimeout(this.#memory)
    // A look that is under way plans no other.
    this.#controller.abort()
    this.#caller?.removeEventListener('abort', this.#onAbort)
  }

  #end(code: 'ERR_BUDGET_DURATION' | 'ERR_BUDGET_MEMORY', words: string): void {
    if (this.signal.aborted) return
    this.#ended = { code, words }
    this.#controller.abort()
  }

  /** Not in one turn: the kernel walks every page of the twin for it. */
  async #checkMemory(pid: number, memoryBytes: number): Promise<void> {
    const text = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8').catch(() => null)
    if (text === null || this.signal.aborted) return
    const bytes = privateBytesIn(text)
    if (bytes <= memoryBytes) {
      this.watchMemory(pid)
      return
    }
    const had = `the twin had ${formatBytes(bytes)} for itself`
    this.#end('ERR_BUDGET_MEMORY', `${had}, and budget.memoryBytes of ${formatBytes(memoryBytes)} ended it`)
  }
}

/** For owners that no time was left to empty. */
export function leftOut(owners: number): ReportWarning[] {
  if (owners === 0) return []
  const them = owners === 1 ? '1 owner' : `${String(owners)} owners`
  return [budgetEnded(`no time of the budget was left to empty ${them}, whose figures are those of the graph`)]
}

function budgetEnded(message: string): ReportWarning {
  return { code: 'WARN_BUDGET_ENDED', message }
}
