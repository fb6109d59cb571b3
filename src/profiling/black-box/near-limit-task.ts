/**
 * What the event loop adds near the limit, if it turns: the class histogram of a twin, where memory allows one.
 *
 * Rule: it must not bring the limit nearer. A twin is refused where what it may copy does not fit into what is left.
 */
import { rmSync, writeFileSync } from 'node:fs'
import type { BlackBoxBinding } from '../../allocator/black-box-binding.js'
import { reasonOf } from '../../support/errors.js'
import { ownTimers } from '../../support/own-timers.js'
import { classHistogram } from '../../twin/heap-snapshot/in-twin.js'
import { HISTOGRAM_ENDING } from './box-files.js'
import { EVENT_KINDS } from './event-kinds.js'

/** Between two histograms. */
const EVERY_MS = 300_000

/** One histogram at a time. */
export class NearLimitTask {
  readonly #binding: BlackBoxBinding
  readonly #file: string
  readonly #isOn: boolean
  #seen = 0
  #atMs = -Infinity
  #task: Promise<void> | undefined

  constructor(binding: BlackBoxBinding, box: string, isOn: boolean) {
    this.#binding = binding
    this.#file = box + HISTOGRAM_ENDING
    this.#isOn = isOn
  }

  /** `times`: how often memory came near the limit so far. */
  seen(times: number): void {
    if (times === this.#seen) return
    this.#seen = times
    const nowMs = ownTimers.now()
    if (!this.#isOn || this.#task !== undefined || nowMs - this.#atMs < EVERY_MS) return
    this.#atMs = nowMs
    this.#task = this.#take().finally(() => (this.#task = undefined))
  }

  /** When nothing is under way any more. */
  async finished(): Promise<void> {
    await this.#task
  }

  async #take(): Promise<void> {
    try {
      const histogram = await classHistogram({ limit: 50, retained: false })
      rmSync(this.#file, { force: true })
      writeFileSync(this.#file, JSON.stringify(histogram), { mode: 0o600, flag: 'wx' })
      this.#binding.event(EVENT_KINDS.histogram, NaN, NaN, this.#file)
    } catch (error) {
      this.#binding.event(EVENT_KINDS['no-histogram'], NaN, NaN, reasonOf(error))
    }
  }
}
