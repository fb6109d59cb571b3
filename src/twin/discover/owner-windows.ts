/** Settled windows in which owners are emptied, one after the other: the end of one is the beginning of the next. */
import type { Instrument } from '../../measure/window.js'
import { difference } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import { HEAP_LEAST_BYTES, ReturnedPages } from '../returned-pages.js'
import { DISCOVERY_ROUNDS_MS, settleInTwin } from '../settle-in-twin.js'
import type { OwnerWindow } from './measure-owners.js'

/**
 * In a twin.
 *
 * Rule: where collections of the whole heap are long, none is repeated: before the first owner is emptied there are those of one purge,
 * the level and one control.
 */
export class OwnerWindows {
  readonly #instrument: Instrument
  readonly #pages: ReturnedPages
  #level: Figures
  /** Whether every freed page was given back since the last collection. */
  #isPurged = false

  /** @param isLong whether one collection takes as long as several may */
  constructor(instrument: Instrument, isLong: boolean) {
    this.#instrument = instrument
    this.#pages = new ReturnedPages(instrument)
    if (isLong) {
      this.#begin()
    } else {
      this.#pages.prepare()
      // Garbage that the walk and the purge leave behind goes over several collections.
      settleInTwin(instrument)
    }
    this.#level = isLong ? this.#settleOnce() : this.#settle()
  }

  /** `bytes` is what the graph expects to go: of less than pages hold, resident memory is not read. */
  measure(empty: () => void, bytes = Infinity): OwnerWindow {
    const readsPages = bytes >= HEAP_LEAST_BYTES
    // As at the end of the window, so that the same is left of V8's pages at both.
    if (readsPages && !this.#isPurged) this.#begin()
    empty()
    return this.#window(this.#settle(), readsPages)
  }

  /** A null release, after which nothing is collected twice. */
  control(readsPages: boolean): OwnerWindow {
    if (readsPages && !this.#isPurged) this.#begin()
    const isPurged = this.#isPurged
    const window = this.#window(this.#settleOnce(), readsPages)
    // Nothing was freed meanwhile.
    this.#isPurged = isPurged
    return window
  }

  #window(after: Figures, readsPages: boolean): OwnerWindow {
    const change = difference(this.#level, after)
    this.#level = after
    if (readsPages) return { change, readsPages, residentFall: this.#fall() }
    this.#isPurged = false
    return { change, readsPages, residentFall: 0 }
  }

  #begin(): void {
    this.#pages.begin(true)
    this.#afterPurge()
  }

  #fall(): number | null {
    const fall = this.#pages.fall(Infinity)
    this.#afterPurge()
    return fall
  }

  /** A purge leaves a task of V8's C++ heap behind. The next window would take it for a finalizer, and collect once more. */
  #afterPurge(): void {
    this.#instrument.finalizers?.run()
    this.#isPurged = true
  }

  #settle(runFinalizers?: () => boolean): Figures {
    return this.#pages.asUnpurged(settleInTwin(this.#instrument, runFinalizers, DISCOVERY_ROUNDS_MS).figures)
  }

  /** Where nothing was released finalizers have nothing to drop. */
  #settleOnce(): Figures {
    return this.#settle(() => {
      this.#instrument.finalizers?.run()
      return false
    })
  }
}
