/**
 * Rounds of calls between settled readings: batches of calls, and between them pauses of the same kind without one.
 *
 * Rule: the same readings stand on both sides of a batch and of a pause, so that what the reading itself leaves behind cancels out.
 */
import { QUANTITIES, knownSum } from '../measure/figures.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import { takeRunLock } from '../measure/locks.js'
import { newInstrument } from '../measure/new-instrument.js'
import { figuresOf } from '../measure/sample.js'
import { warmUp } from '../measure/warm-up.js'
import { measureLevel } from '../measure/window.js'
import type { Instrument } from '../measure/window.js'
import { CacheAttributionError } from '../support/errors.js'
import { loadLateCode } from '../support/late-code.js'
import type { Calls } from './calls.js'
import { isSteady, perCall } from './per-call.js'
import type { Batches, PerCall } from './per-call.js'
import type { ResolvedRetainedOptions } from './options.js'

/** The findings of one round of calls. */
export interface Round extends PerCall {
  readonly batches: Batches
  /** The same by quantity; null where it cannot be read. */
  readonly quantities: ByQuantity<number | null>
  /** Whether its end grew as its begin did. */
  readonly isSteady: boolean
  /** More calls than in others, to settle what those left open. */
  readonly isLong: boolean
  readonly durationMs: number
}

const BATCHES = 8
/** How many times as many calls a long round has, and how long it may take for that. */
const LONG_FACTOR = 4
const LONG_MOST_MS = 20_000
/** A forced collection finds less at first than later. */
const LEVELS_BEFORE = 2
const WARM_UP_MS = 100

/** Makes rounds of one measurement. */
export class Rounds {
  readonly #calls: Calls
  readonly #options: ResolvedRetainedOptions
  readonly #instrument: Instrument = newInstrument()

  constructor(calls: Calls, options: ResolvedRetainedOptions) {
    this.#calls = calls
    this.#options = options
  }

  /** Compiled code stays while `task` runs: collections would free it at random moments, and the calls compile it again. */
  async keepingCode<T>(task: () => Promise<T>): Promise<T> {
    const restore = this.#instrument.environment.keepCode()
    try {
      return await task()
    } finally {
      restore()
    }
  }

  /** Calls until code is compiled and tables are filled, and readings until they agree. */
  async prepare(): Promise<void> {
    const { collector, sampler } = this.#instrument
    await loadLateCode()
    sampler.mapped.prepare(collector)
    await warmUp(this.#instrument, WARM_UP_MS, this.#options.signal ?? new AbortController().signal)
    await this.#calls.make(this.#options.warmUp)
    for (let count = 0; count < LEVELS_BEFORE; count++) await this.#level()
  }

  /** @throws CacheAttributionError `ERR_RUN_IN_PROGRESS`; what calls throw */
  async make(times = this.#options.times): Promise<Round> {
    const startedMs = this.#instrument.environment.now()
    const count = Math.min(BATCHES, times)
    const callsPerBatch = Math.ceil(times / count)
    const levels = [await this.#level()]
    for (let batch = 0; batch < count; batch++) {
      await this.#calls.make(callsPerBatch)
      levels.push(await this.#level(), await this.#level())
    }
    const batches = batchesOf(levels, callsPerBatch, knownSum)
    return {
      ...perCall(batches),
      batches,
      quantities: Object.fromEntries(
        QUANTITIES.map((quantity) => [quantity, meanOf(levels, callsPerBatch, quantity)]),
      ) as unknown as ByQuantity<number | null>,
      isSteady: isSteady(batches),
      isLong: false,
      durationMs: this.#instrument.environment.now() - startedMs,
    }
  }

  /**
   * The same with up to four times as many calls, as many as time allows: a table that is being filled is more likely to be full, and the
   * interval is narrower.
   */
  async makeLong({ durationMs }: Round): Promise<Round> {
    const factor = Math.min(LONG_FACTOR, Math.max(1, LONG_MOST_MS / Math.max(1, durationMs)))
    return { ...(await this.make(Math.ceil(factor * this.#options.times))), isLong: true }
  }

  async #level(): Promise<Figures> {
    this.#calls.checkAborted()
    // Work that the last call left to later turns of the loop ends first.
    await this.#instrument.environment.yieldToLoop(0)
    const giveBack = takeRunLock()
    if (giveBack === null) {
      throw new CacheAttributionError('ERR_RUN_IN_PROGRESS', 'a run or a twin of this process is under way')
    }
    try {
      return figuresOf((await measureLevel(this.#instrument, 'forced')).sample)
    } finally {
      giveBack()
    }
  }
}

/** Levels stand before a batch, behind it, behind a pause, and so on. */
function batchesOf(levels: readonly Figures[], callsPerBatch: number, of: (figures: Figures) => number): Batches {
  const changes = levels.slice(1).map((level, index) => of(level) - of(levels[index] ?? level))
  return {
    grown: changes.filter((_, index) => index % 2 === 0),
    controls: changes.filter((_, index) => index % 2 === 1),
    callsPerBatch,
  }
}

function meanOf(levels: readonly Figures[], callsPerBatch: number, quantity: keyof Figures): number | null {
  if (levels.some((level) => level[quantity] === null)) return null
  return perCall(batchesOf(levels, callsPerBatch, (figures) => figures[quantity] ?? 0)).bytes
}
