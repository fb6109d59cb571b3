/** Settled windows in which owners are emptied, one after the other: the end of one is the beginning of the next. */
import type { Instrument } from '../../measure/window.js'
import { difference } from '../../report/build-report.js'
import { ReturnedPages } from '../returned-pages.js'
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
    // What the walk and the purge leave behind goes over several collections.
    settleInTwin(instrument)
    this.#level = this.#settle()
    this.#pages.begin()
  }

  measure(empty: () => void): OwnerWindow {
    empty()
    const after = this.#settle()
    const change = difference(this.#level, after)
    this.#level = after
    return { change, residentFall: this.#pages.fall(change.heapBytes) }
  }

  #settle(): ReturnType<typeof settleInTwin>['figures'] {
    return this.#pages.asUnpurged(settleInTwin(this.#instrument).figures)
  }
}
