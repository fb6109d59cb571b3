/**
 * Releases under pressure, counted as the coordinator emits their rounds.
 *
 * Rule: every outcome is there from the start, with zero: only then does a rate see the first.
 */
import type { CoordinatorEventPayloads } from '../coordinator/events.js'
import type { Sample } from './sample.js'
import type { PressureCounts } from './snapshot.js'
import { Tally } from './tally.js'

const OUTCOMES = ['relieved', 'not-relieved', 'dry-run'] as const
const STATUSES: readonly string[] = ['released', 'trimmed', 'failed', 'timed-out']

/** The counts of one coordinator's releases under pressure. */
export class PressureTallies implements PressureCounts {
  readonly #rounds = new Tally()
  readonly #releases = new Tally()
  freedBytes = 0

  constructor() {
    for (const outcome of OUTCOMES) this.#rounds.add({ outcome }, 0)
    for (const status of STATUSES) this.#releases.add({ status }, 0)
  }

  finished({ dryRun, isRelieved, freedBytes, caches }: CoordinatorEventPayloads['released-under-pressure']): void {
    this.#rounds.add({ outcome: dryRun ? 'dry-run' : isRelieved ? 'relieved' : 'not-relieved' })
    // Other work may have needed more meanwhile: a counter does not fall.
    this.freedBytes += Math.max(0, freedBytes)
    for (const { status } of caches) if (STATUSES.includes(status)) this.#releases.add({ status })
  }

  /** By `outcome`. */
  get rounds(): Sample[] {
    return this.#rounds.samples()
  }

  /** By `status`. */
  get releases(): Sample[] {
    return this.#releases.samples()
  }
}
