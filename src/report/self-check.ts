/**
 * The worth of a run's check of itself: pure.
 *
 * Rule: one reading beyond tolerance proves nothing, since V8 may compile in any window; a miscount is there each time. So
 * several are taken, and the middle one counts.
 */
import type { Figures } from '../measure/figures.js'
import { formatBytes } from '../support/units.js'
import { RESOLUTION } from './noise.js'
import { median } from './statistics.js'
import type { ReportSelfCheck, ReportWarning, SelfCheckPart } from './types.js'

/** Windows at most. */
const ATTEMPTS_MAX = 3
/** Of the known size, beside what two null releases may show. */
const TOLERANCE = 0.01

/** The facts about the set. */
export interface KnownBytes {
  readonly allocatedBytes: number
  readonly heapBytes: number
}

/** The part of `budget.durationMs` that one window of a check may take: the rest is for caches. */
export const DURATION_SHARE = 0.1

/** The windows of one check, one after the other. */
export class SelfCheck {
  readonly #changes: Figures[] = []
  #known: KnownBytes = { allocatedBytes: 0, heapBytes: 0 }

  /** Enters what a window showed of a set of that size. */
  note(known: KnownBytes, change: Figures): void {
    this.#known = known
    this.#changes.push(change)
  }

  /** Whether another window would show nothing more. */
  get isOver(): boolean {
    const last = this.#changes.at(-1)
    return this.#changes.length >= ATTEMPTS_MAX || (last !== undefined && this.#judge([last]).holds)
  }

  /** Null before the first window. */
  result(): ReportSelfCheck | null {
    const last = this.#changes.at(-1)
    if (last === undefined) return null
    const ofLast = this.#judge([last])
    return ofLast.holds ? ofLast : this.#judge(this.#changes)
  }

  #judge(changes: readonly Figures[]): ReportSelfCheck {
    const read = changes.flatMap(({ allocatedBytes }) => allocatedBytes ?? [])
    const allocated = read.length === 0 ? null : partOf(this.#known.allocatedBytes, median(read))
    const heap = partOf(this.#known.heapBytes, median(changes.map(({ heapBytes }) => heapBytes)))
    const expectedBytes = heap.expectedBytes + (allocated?.expectedBytes ?? 0)
    const measuredBytes = heap.measuredBytes + (allocated?.measuredBytes ?? 0)
    return {
      holds: (allocated === null || holds(allocated, 'allocatedBytes')) && holds(heap, 'heapBytes'),
      ...partOf(expectedBytes, measuredBytes),
      allocated,
      heap,
      attempts: this.#changes.length,
    }
  }
}

/** The one that is farthest from the truth. */
export function worstSelfCheck(checks: readonly ReportSelfCheck[]): ReportSelfCheck | null {
  const error = ({ allocated, heap }: ReportSelfCheck): number =>
    Math.max(distance(heap), allocated === null ? 0 : distance(allocated))
  const [worst = null] = checks.toSorted((a, b) => Number(a.holds) - Number(b.holds) || error(b) - error(a))
  return worst
}

/** The warning of a check that does not hold; none of one that does. */
export function selfCheckWarnings(check: ReportSelfCheck | null): ReportWarning[] {
  if (check === null || check.holds) return []
  const { allocated, heap } = check
  const parts = [
    ...(allocated === null || holds(allocated, 'allocatedBytes') ? [] : [`${describe(allocated)} in the allocator`]),
    ...(holds(heap, 'heapBytes') ? [] : [`${describe(heap)} on the JS heap`]),
  ]
  return [
    {
      code: 'WARN_SELF_CHECK',
      message: `a set of known size that the run made and dropped before its first window was measured wrongly: ${parts.join('; ')}. The rows may err as much`,
    },
  ]
}

function describe({ expectedBytes, measuredBytes, factor }: SelfCheckPart): string {
  return `${formatBytes(measuredBytes)} for ${formatBytes(expectedBytes)} (factor ${factor.toFixed(2)})`
}

function partOf(expectedBytes: number, measuredBytes: number): SelfCheckPart {
  return { expectedBytes, measuredBytes, factor: measuredBytes / expectedBytes }
}

function holds(part: SelfCheckPart, quantity: 'allocatedBytes' | 'heapBytes'): boolean {
  return distance(part) <= TOLERANCE * part.expectedBytes + 2 * RESOLUTION[quantity]
}

function distance({ expectedBytes, measuredBytes }: SelfCheckPart): number {
  return Math.abs(measuredBytes - expectedBytes)
}
