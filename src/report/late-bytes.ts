/**
 * Late bytes, pure: what went in the turns right after a release.
 *
 * Rule: they are part of the row of that release, and what the other gaps of the run show is part of its ±. Behind a turn
 * that several caches shared it cannot be known whose they are: they stay unattributed, and widen the ± of each.
 */
import { byQuantity, knownSum } from '../measure/figures.js'
import type { ByQuantity, Figures, Quantity } from '../measure/figures.js'
import { formatBytes } from '../support/units.js'
import { median, noiseOf, outstanding } from './statistics.js'
import type { CacheAttribution, ReportWarning } from './types.js'

/** The change between the last read of a turn and the next read in a later one. */
export interface LateGap {
  /** The caches that were released in that turn; none after a control. */
  readonly caches: readonly string[]
  readonly change: Figures
  /** How far that next read lies below every level before it, what was released put back; negative: above the lowest. */
  readonly newLow: Figures
}

/** The gaps of one cache. */
export interface LateBytes {
  /** The bytes that went right after its releases; null where that is not known. */
  readonly bytes: ByQuantity<number | null>
  /** By how much its row is less certain for it: half-widths of 95 % intervals. */
  readonly uncertainty: ByQuantity<number>
}

/** The verdict of a run's gaps. */
export interface LateFindings {
  readonly byCache: ReadonlyMap<string, LateBytes>
  /** The bytes that went behind turns that several caches shared. */
  readonly shared: readonly { readonly caches: readonly string[]; readonly bytes: number }[]
}

/** A gap has to be this large to be called late bytes; V8 drops caches of its own of some hundred KiB at any time. */
const LEAST_BYTES: ByQuantity<number> = { allocatedBytes: 64 * 1024, heapBytes: 1024 * 1024, mappedBytes: 64 * 1024 }

/** Names in a warning; a turn may be shared by hundreds. */
const NAMES_MAX = 5

/** Finds the late bytes of a run. */
export function findLate(gaps: readonly LateGap[]): LateFindings {
  const found = byQuantity((quantity) => fallsOf(gaps, quantity))
  const noise = byQuantity((quantity) => noiseOfOthers(gaps, quantity, found[quantity]))
  const byCache = new Map<string, LateBytes>()
  const shared: { caches: readonly string[]; bytes: number }[] = []
  for (const [index, { caches, change }] of gaps.entries()) {
    const bytes = byQuantity((quantity) => (change[quantity] === null ? null : (found[quantity][index] ?? 0)))
    if (caches.length === 0 || knownSum(bytes) === 0) continue
    const isShared = caches.length > 1
    if (isShared) shared.push({ caches, bytes: knownSum(bytes) })
    const late = isShared
      ? { bytes: byQuantity((of) => (bytes[of] === null ? null : 0)), uncertainty: byQuantity((of) => bytes[of] ?? 0) }
      : { bytes, uncertainty: byQuantity((of) => ((bytes[of] ?? 0) === 0 ? 0 : noise[of])) }
    for (const cache of caches) byCache.set(cache, together(byCache.get(cache), late))
  }
  return { byCache, shared }
}

/**
 * The bytes that went in each gap: a fall that stands out among all gaps of the run, to a level lower than any before, and that did
 * not come back by the next reading. A fall alone would not do: in-flight memory that rose before the window falls after it.
 */
function fallsOf(gaps: readonly LateGap[], quantity: Quantity): number[] {
  const changes = gaps.map(({ change }) => change[quantity] ?? 0)
  return outstanding(changes, LEAST_BYTES[quantity]).map((beyond, index) => {
    const bytes = Math.min(beyond ?? 0, gaps[index]?.newLow[quantity] ?? 0)
    const cameBack = (changes[index + 1] ?? 0) < -bytes / 2
    return bytes > LEAST_BYTES[quantity] && !cameBack ? bytes : 0
  })
}

/** The bytes in the gaps that no cache explains. */
function noiseOfOthers(gaps: readonly LateGap[], quantity: Quantity, found: readonly number[]): number {
  const middle = median(gaps.map(({ change }) => change[quantity] ?? 0))
  const others = gaps.flatMap(({ caches, change }, index) => {
    const bytes = change[quantity]
    const isExplained = caches.length === 1 && (found[index] ?? 0) !== 0
    return bytes === null || isExplained ? [] : [bytes - middle]
  })
  // Where one stands out, more than half do not.
  return noiseOf(others, 0) ?? 0
}

/** Two findings of one cache, of a trim in several turns. They err independently of each other. */
function together(one: LateBytes | undefined, other: LateBytes): LateBytes {
  if (one === undefined) return other
  return {
    bytes: byQuantity((quantity) => {
      const [a, b] = [one.bytes[quantity], other.bytes[quantity]]
      return a === null || b === null ? null : a + b
    }),
    uncertainty: byQuantity((quantity) => Math.hypot(one.uncertainty[quantity], other.uncertainty[quantity])),
  }
}

/** The warnings about late bytes: of the rows that have some, and of turns that several caches shared. */
export function lateWarnings(caches: readonly CacheAttribution[], shared: LateFindings['shared']): ReportWarning[] {
  return [
    ...caches.flatMap(({ name, late }) => (late === undefined ? [] : [ofRow(name, knownSum(late))])),
    ...shared.map(ofTurn),
  ]
}

function ofRow(cache: string, bytes: number): ReportWarning {
  return {
    code: 'WARN_LATE_BYTES',
    message: `about ${formatBytes(bytes)} were freed in the turns right after the release of ${JSON.stringify(cache)}: by a deferred finalizer, or by a release that was not finished; its row includes them ("late"), and anything else that was freed just then`,
    cache,
  }
}

function ofTurn({ caches, bytes }: LateFindings['shared'][number]): ReportWarning {
  const names = caches.slice(0, NAMES_MAX).map((name) => JSON.stringify(name))
  const more = caches.length > names.length ? ` and ${String(caches.length - names.length)} more` : ''
  return {
    code: 'WARN_LATE_BYTES',
    message: `about ${formatBytes(bytes)} were freed in the turns right after the releases of ${names.join(', ')}${more}, which shared a turn: the cache that they belong to is not known; they are in unattributed, and each of these rows may lack as much`,
    caches,
  }
}
