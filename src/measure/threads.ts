/**
 * Other threads at work: a drain must not take a thread that waits for a processor for an idle one.
 *
 * Rule: a thread that works all through a drain (a busy worker, a native library's own loop) will never rest: it is
 * passed over from then on, so that it costs one bounded wait and not one a window.
 */

import { addonOrNull } from '../allocator/binding.js'
import type { Environment } from '../support/environment.js'

/** The kernel's facts about the other threads; see `NativeBinding.threadsAtWork`. */
export type ReadThreadsAtWork = (ids: Int32Array) => number

/** More threads than this are counted, but not told apart. */
const IDS_MAX = 256

/** The threads of this process during one run. */
export class ThreadWatch {
  readonly #read: ReadThreadsAtWork
  readonly #ids = new Int32Array(IDS_MAX)
  readonly #passedOver = new Set<number>()
  /** At work at every reading since the drain began; undefined before its first one. */
  #always: number[] | undefined

  constructor(read: ReadThreadsAtWork) {
    this.#read = read
  }

  /** A drain begins. */
  begin(): void {
    this.#always = undefined
  }

  /** Kernel ids of those that are passed over. */
  passedOver(): readonly number[] {
    return [...this.#passedOver]
  }

  /** Whether a thread works that is not passed over; false where the kernel does not report it. */
  isAnyAtWork(): boolean {
    const count = this.#read(this.#ids)
    if (count <= 0) {
      this.#always = []
      return false
    }
    const working: number[] = []
    for (let index = 0; index < Math.min(count, IDS_MAX); index++) {
      const id = this.#ids[index] ?? 0
      if (!this.#passedOver.has(id)) working.push(id)
    }
    this.#always = this.#always === undefined ? working : this.#always.filter((id) => working.includes(id))
    return working.length > 0
  }

  /** Ignored threads may be idle by now: they are checked again. */
  forget(): void {
    this.#passedOver.clear()
  }

  /** A drain ran into its bound: those that worked all the time are passed over from now on. */
  giveUp(): void {
    for (const id of this.#always ?? []) this.#passedOver.add(id)
  }
}

/** A watch for one run; null where the kernel does not report it. */
export function watchThreads(environment: Environment): ThreadWatch | null {
  const source = environment.threadsAtWork === undefined ? addonOrNull() : environment
  return source === null ? null : new ThreadWatch((ids) => source.threadsAtWork?.(ids) ?? -1)
}
