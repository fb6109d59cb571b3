/**
 * The finalizers of a twin. They are the service's code, and are confined like a release: they have its time, and cannot call
 * the coordinator back.
 *
 * Rule: where they cannot be run, a row whose memory is seen to wait for them is not known, and says so.
 */
import { difference, knownSum } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import type { Finalizers } from '../../measure/finalizers.js'
import type { Instrument } from '../../measure/window.js'
import type { RowError } from '../../report/types.js'
import { formatBytes } from '../../support/units.js'

/** The dependencies of the finalizers in a twin. */
export interface TwinFinalizersContext {
  readonly instrument: Instrument
  /** False where they ended a twin before its first release. */
  readonly isWanted: boolean
  /** Tells the parent that finalizers begin in the window of a cache, and that they have ended. */
  readonly bracket: (name: string | null, run: () => unknown) => unknown
}

/** Less than this, or than a tenth of a row, need not wait for a finalizer. */
const WAITING_LEAST_BYTES = 64 * 1024
const WAITING_SHARE = 0.1

/** Runs the finalizers of a twin, and sees what waits for them where they cannot be run. */
export class TwinFinalizers {
  readonly #context: TwinFinalizersContext
  #finalizers: Finalizers | null
  #externalBytes = NaN

  constructor(context: TwinFinalizersContext) {
    this.#context = context
    this.#finalizers = context.isWanted ? (context.instrument.finalizers ?? null) : null
  }

  /** Whether they can be run; known after the first {@link TwinFinalizers.run}. */
  get canRun(): boolean {
    return this.#finalizers !== null
  }

  /** Runs those that wait; true: another collection may find more. */
  run(name: string | null): boolean {
    const finalizers = this.#finalizers
    if (finalizers === null) return false
    const hasDropped = this.#context.bracket(name, () => finalizers.run()) as boolean | null
    if (hasDropped === null) this.#finalizers = null
    return hasDropped === true
  }

  /** V8's own count of memory outside its heap, for {@link TwinFinalizers.refusalOf}; it falls before a finalizer has run. */
  noteLevel(): void {
    if (this.#finalizers === null) this.#externalBytes = this.#readExternal()
  }

  /** Why the row of this window is not known; undefined where nothing is seen to wait for finalizers that cannot run. */
  refusalOf(before: Figures, after: Figures, claimedBytes: number | null): RowError | undefined {
    if (this.#finalizers !== null) return undefined
    const externalBytes = this.#externalBytes - this.#readExternal()
    const change = difference(before, after)
    const { allocatedBytes, mappedBytes } = change
    const least = Math.max(WAITING_LEAST_BYTES, WAITING_SHARE * externalBytes)
    if (allocatedBytes !== null && externalBytes - allocatedBytes - (mappedBytes ?? 0) > least) {
      return waiting(
        `V8 gave up ${formatBytes(externalBytes)} of Buffers, and the allocator has ${formatBytes(allocatedBytes)} of them back`,
      )
    }
    const totalBytes = knownSum(change)
    if (claimedBytes !== null && claimedBytes > WAITING_LEAST_BYTES && totalBytes < WAITING_SHARE * claimedBytes) {
      return waiting(`it claims ${formatBytes(claimedBytes)}, and ${formatBytes(totalBytes)} came back`)
    }
    return undefined
  }

  #readExternal(): number {
    return this.#context.instrument.environment.figures().externalBytes
  }
}

function waiting(evidence: string): RowError {
  return {
    code: 'ERR_TWIN_FINALIZERS',
    message: `its memory may wait for finalizers, which could not be run in this twin: ${evidence}`,
  }
}
