/** Windows of owners with null releases among them, by which they are told from nothing. */
import type { Figures } from '../../measure/figures.js'
import type { Instrument } from '../../measure/window.js'
import { noiseOfControls } from '../../report/noise.js'
import type { OwnerNoise, OwnerWindow } from './measure-owners.js'
import { OwnerWindows } from './owner-windows.js'
import type { TimeLeft } from './time-left.js'

const CONTROLS = 2

/** How many settlings precede the first owner at most: of the level, and of controls. */
export const SETTLINGS_BEFORE = 2 + CONTROLS

/**
 * In a twin.
 *
 * Rule: where collections of the whole heap are long, the control that reads resident memory follows the first owner, which is the
 * largest: the heap is smaller by then.
 */
export class ControlledWindows {
  readonly #windows: OwnerWindows
  readonly #time: TimeLeft
  readonly #changes: Figures[] = []
  readonly #falls: number[] = []

  /** @param isLong whether collections are */
  constructor(instrument: Instrument, time: TimeLeft, isLong: boolean) {
    this.#time = time
    this.#windows = new OwnerWindows(instrument, isLong)
    if (isLong) this.#control(false)
    else for (let control = 0; control < CONTROLS; control++) this.#control()
  }

  /** One window around `empty`, after which so many bytes are gone by the graph. */
  measure(empty: () => void, bytes: number): OwnerWindow {
    const window = this.#time.timed(() => this.#windows.measure(empty, bytes))
    if (this.#changes.length < CONTROLS) this.#control()
    return window
  }

  /** After the last window. */
  end(): OwnerNoise {
    if (this.#changes.length < CONTROLS && this.#time.refused === 0) this.#control()
    const { controls: _, ...noise } = noiseOfControls(this.#changes)
    return { noise, residentControls: this.#falls }
  }

  #control(readsPages = true): void {
    const { change, residentFall } = this.#time.timed(() => this.#windows.control(readsPages))
    this.#changes.push(change)
    if (readsPages && residentFall !== null) this.#falls.push(residentFall)
  }
}
