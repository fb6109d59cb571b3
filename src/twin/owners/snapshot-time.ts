/** How long V8's heap snapshot may take where it stands in for a walk of the heap. */
import type { Environment } from '../../support/environment.js'
import { formatMs } from '../../support/units.js'

/** Snapshots of services were seen to take minutes: V8 looks up the line of every function of long scripts. */
export const SNAPSHOT_MOST_MS = 20_000

/** Of processor time, more than that: what comes after V8 can stop by itself. */
const GRACE_MS = 5000

/** The processor time that a twin gets once it takes a snapshot, in milliseconds. */
export function snapshotAllowanceMs(mostMs: number): number {
  return mostMs + GRACE_MS
}

/** The time of one snapshot, from its beginning. */
export class SnapshotTime {
  readonly #clock: Pick<Environment, 'now'>
  readonly #mostMs: number
  readonly #endsAtMs: number

  /** @param endsAtMs when the budget of all ends, on that clock */
  constructor(clock: Pick<Environment, 'now'>, endsAtMs = Infinity) {
    this.#clock = clock
    this.#mostMs = Math.max(0, Math.min(SNAPSHOT_MOST_MS, endsAtMs - clock.now()))
    this.#endsAtMs = clock.now() + this.#mostMs
  }

  /** How long it may take. */
  get mostMs(): number {
    return this.#mostMs
  }

  /** Why it does not go on, in words; null while there is time. */
  problem(): string | null {
    if (this.#mostMs > 0 && this.#clock.now() <= this.#endsAtMs) return null
    return this.#mostMs === 0 ? NO_TIME : tooLong(this.#mostMs)
  }
}

const NO_TIME = "no time of the budget is left for V8's heap snapshot"

/** The same of one that had to be ended with its twin. */
export function tooLong(mostMs: number): string {
  return `V8's heap snapshot takes longer than ${formatMs(mostMs)}`
}
