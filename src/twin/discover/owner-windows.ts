/** Settled windows in which owners are emptied, one after the other: the end of one is the beginning of the next. */
import type { Instrument } from '../../measure/window.js'
import { difference } from '../../measure/figures.js'
import { HEAP_LEAST_BYTES, ReturnedPages } from '../returned-pages.js'
import { settleInTwin } from '../settle-in-twin.js'
import type { OwnerWindow } from './measure-owners.js'

/** In a twin. */
export class OwnerWindows {
  readonly #instrument: Instrument
  readonly #pages: ReturnedPages
  #level

  constructor(instrument: Instrument) {
    this.#instrument = instrument
    this.#pages = new ReturnedPages(instrument)
    this.#pages.prepare()
    // Garbage that the walk and the purge leave behind goes over several collections.
    settleInTwin(instrument)
    this.#level = this.#settle()
  }

  /** `bytes` is what the graph expects to go: of less than pages hold, resident memory is not read. */
  measure(empty: () => void, bytes = Infinity): OwnerWindow {
    const readsPages = bytes >= HEAP_LEAST_BYTES
    // As at the end of the window, so that the same is left of V8's pages at both.
    if (readsPages) this.#pages.begin(true)
    empty()
    const after = this.#settle()
    const change = difference(this.#level, after)
    this.#level = after
    return { change, readsPages, residentFall: readsPages ? this.#pages.fall(Infinity) : 0 }
  }

  #settle(): ReturnType<typeof settleInTwin>['figures'] {
    return this.#pages.asUnpurged(settleInTwin(this.#instrument).figures)
  }
}
