/**
 * Releases caches while memory is short, and nothing else: off unless it is called.
 *
 * Rule: a poll costs microseconds; one round at a time, none beside a run or a twin, none within the cool-down; a round that was due is made
 * as soon as none of these stands in its way. Nothing it does throws into the service.
 */
import { CacheAttributionError, describe, messageOf } from '../../support/errors.js'
import { ownTimers } from '../../support/own-timers.js'
import type { RegisteredCache } from '../registry.js'
import { formatRound } from './format-round.js'
import { makeRound } from './make-round.js'
import { resolvePressureOptions } from './options.js'
import type { PressureOptions, ResolvedPressureOptions } from './options.js'
import { pressureParts } from './pressure-parts.js'
import type { PressureParts } from './pressure-parts.js'
import type { PressureRound, PressureUsage } from './types.js'
import { usageReader } from './usage.js'
import type { ReadUsage } from './usage.js'

/** Of the limit: growth of less is no reason for another round. */
const LEAST_STEP = 0.01

/** The part of a coordinator that shows what it is. */
export interface PressuredCoordinator {
  /** Of {@link Coordinator}: the registered names. */
  readonly names: readonly string[]
}

/** A watch over the memory of a process. */
export interface PressureWatch extends Disposable {
  /** The latest round; null before the first. */
  readonly last: PressureRound | null
  /**
   * Reads the usage at once, as the timer does.
   *
   * @returns the round that began with it or is under way, when it is over; null where usage is below, or something is in the way
   * @throws CacheAttributionError `ERR_CLOSED` after `stop()`; `ERR_RESIDENT_UNKNOWN`
   */
  check(): Promise<PressureRound | null>
  /** Ends the watch. A round under way ends with the release that it is at. */
  stop(): void
}

/**
 * Watches the memory limit of this process. Where usage comes near to it, caches are released until there is room again. The first are
 * those that give back most for the cost of their refill, as runs measured them. A cache is never released if it is not `lossless`, has
 * `live: false`, or failed to release before. The coordinator emits `released-under-pressure` with each round.
 *
 * @param coordinator whose caches are released; it has one watch at a time
 * @returns the watch; its timer does not hold the process
 * @throws CacheAttributionError `ERR_OPTION_*`; `ERR_PRESSURE_LIMIT` where no limit can be read and none is given; `ERR_PRESSURE_WATCHED`
 * @example
 * using watch = releaseUnderPressure(coordinator, { below: '90%', until: '80%' })
 */
export function releaseUnderPressure(coordinator: PressuredCoordinator, options: PressureOptions): PressureWatch {
  const parts = pressureParts(coordinator)
  if (parts === null) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `releaseUnderPressure() takes a Coordinator that is not closed, got ${describe(coordinator)}`,
    )
  }
  const settings = resolvePressureOptions(options)
  const watch = new Watch(parts, settings, usageReader(settings.limit, parts.environment))
  watch.start()
  return watch
}

/** See {@link releaseUnderPressure}. */
class Watch implements PressureWatch {
  readonly #parts: PressureParts
  readonly #settings: ResolvedPressureOptions
  readonly #readUsage: ReadUsage
  readonly #failures = new WeakMap<RegisteredCache, string>()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<PressureRound> | null = null
  #last: PressureRound | null = null
  #dueSinceMs: number | null = null
  #pausedUntilMs = -Infinity
  /** Usage after a round that was not enough: before it has grown, another would empty the same caches in vain. */
  #inVainBytes: number | null = null
  #problem: string | null = null

  constructor(parts: PressureParts, settings: ResolvedPressureOptions, readUsage: ReadUsage) {
    this.#parts = parts
    this.#settings = settings
    this.#readUsage = readUsage
  }

  get last(): PressureRound | null {
    return this.#last
  }

  /** @throws CacheAttributionError `ERR_PRESSURE_LIMIT`, `ERR_PRESSURE_WATCHED` */
  start(): void {
    if (this.#parts.watch !== null) {
      throw new CacheAttributionError(
        'ERR_PRESSURE_WATCHED',
        'this coordinator has a watch already: stop() it before another one is made',
      )
    }
    if (this.#readUsage() === null) {
      throw new CacheAttributionError(
        'ERR_PRESSURE_LIMIT',
        'neither a control group nor the machine tells how much memory there is: give "limit" in bytes',
      )
    }
    this.#parts.watch = this
    this.#timer = ownTimers
      .setInterval(() => {
        this.#poll()
      }, this.#settings.intervalMs)
      .unref()
  }

  async check(): Promise<PressureRound | null> {
    if (this.#stopping.signal.aborted) throw new CacheAttributionError('ERR_CLOSED', 'this watch was stopped')
    return this.#round ?? this.#begin()
  }

  stop(): void {
    ownTimers.clearInterval(this.#timer)
    this.#stopping.abort()
    if (this.#parts.watch === this) this.#parts.watch = null
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  /** Runs in a timer. */
  #poll(): void {
    try {
      this.#begin()?.catch((error: unknown) => {
        this.#fail(error)
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Null where nothing is due, or something is in the way. */
  #begin(): Promise<PressureRound> | null {
    const { environment } = this.#parts
    const usage = this.#readUsage()
    if (usage === null || usage.usedBytes < this.#settings.below * usage.limitBytes) {
      this.#dueSinceMs = null
      this.#inVainBytes = null
      return null
    }
    if (this.#isInVain(usage)) return null
    const nowMs = environment.now()
    this.#dueSinceMs ??= nowMs
    if (this.#round !== null || nowMs < this.#pausedUntilMs) return null
    const waitedMs = nowMs - Math.max(this.#dueSinceMs, this.#pausedUntilMs)
    const round = this.#make(usage, waitedMs)
    if (round === null) return null
    this.#round = round.finally(() => {
      this.#round = null
      this.#dueSinceMs = null
      this.#pausedUntilMs = environment.now() + this.#settings.coolDownMs
    })
    return this.#round
  }

  /** A quarter of what was left then may be used up before it is tried again. */
  #isInVain({ usedBytes, limitBytes }: PressureUsage): boolean {
    if (this.#inVainBytes === null) return false
    const step = Math.max(LEAST_STEP * limitBytes, (limitBytes - this.#inVainBytes) / 4)
    return usedBytes < this.#inVainBytes + step
  }

  /** A dry run releases nothing, and need not wait. */
  #make(usage: PressureUsage, waitedMs: number): Promise<PressureRound> | null {
    const [parts, settings] = [this.#parts, this.#settings]
    const context = { parts, settings, readUsage: this.#readUsage, failures: this.#failures, waitedMs }
    const made = settings.dryRun
      ? makeRound(usage, context, null)
      : parts.alone((duringRelease) =>
          makeRound(usage, context, { parts, settings, duringRelease, signal: this.#stopping.signal }),
        )
    return made === null ? null : this.#finished(made)
  }

  async #finished(made: Promise<PressureRound>): Promise<PressureRound> {
    const round = await made
    this.#last = round
    this.#inVainBytes = round.isRelieved ? null : (round.after?.usedBytes ?? null)
    const names = round.caches.filter(({ freedBytes }) => freedBytes !== null).map(({ name }) => name)
    if (names.length > 0) this.#parts.noteReleased(names, round.startedAt)
    this.#parts.emit(round)
    this.#log(formatRound(round))
    return round
  }

  /** Told once for each reason: it comes again with every poll. */
  #fail(error: unknown): void {
    const problem = messageOf(error)
    if (problem === this.#problem) return
    this.#problem = problem
    this.#log(`memory pressure cannot be watched: ${problem}`)
  }

  #log(line: string): void {
    const { log } = this.#settings
    try {
      if (log === undefined) process.emitWarning(line, { code: 'WARN_RELEASED_UNDER_PRESSURE' })
      else log(line)
    } catch {
      // A logger that throws must not end a round, nor the process.
    }
  }
}
