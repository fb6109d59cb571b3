/**
 * The meaning of a breakdown in a few sentences. Pure.
 *
 * Rule: one observation says what is large and what would show more, and judges nothing: whether memory leaks, grows or lies
 * fragmented is told by two observations, or by a history. Code does not compete: it is large in every process, and does not
 * grow. What was said before is said again until it is clearly otherwise, so that an idle process does not change its mind.
 */
import { formatBytes, formatShare } from '../../support/units.js'
import { bytesOfAll } from './node.js'
import { accountableParts } from './parts.js'
import type { BreakdownPart } from './parts.js'
import { PART } from './types.js'
import type { MemoryNode } from './types.js'

/** The meaning of a breakdown, or of two of them. */
export interface Diagnosis {
  /**
   * Of one observation: `observed`, or `unclear` where live memory could not be told from free. Of two: `growing`, where RSS
   * grew by memory that somebody holds; `fragmented`, where it grew by memory that nobody holds, or a good part of both is
   * free; `steady` else.
   */
  readonly verdict: 'observed' | 'unclear' | 'growing' | 'fragmented' | 'steady'
  /** The largest part, code left out; of two observations that grew, the one that grew most. */
  readonly largest: string
  /** The parts that the line names, in its order. */
  readonly named: readonly string[]
  /** Of two observations whether RSS grew between them; null of one. */
  readonly hasGrown: boolean | null
  readonly line: string
}

/** Free memory below these is every process's. */
const FREE = { share: 0.25, bytes: 32 * 1024 * 1024 }
/** Less than this between two observations is the coming and going of any process. */
const CHANGE = { share: 0.05, bytes: 16 * 1024 * 1024 }
/** Parts that one line names, the share of RSS from which on it does, and the one down to which it goes on to. */
const NAMED = { count: 3, share: 0.05, keptShare: 0.025 }
/** So much of it is enough for a verdict that was given. */
const KEPT = 0.8
/** A part takes the place of one that was named before it when it is larger by this share of RSS. */
const OVERTAKE_SHARE = 0.02

/**
 * The large parts of a breakdown; with an earlier one of the same process, what became of it since.
 *
 * @param previous what was said of the same process last: small changes since do not change the order of the parts or the verdict
 * @example
 * const { verdict, line } = diagnose(later, earlier)
 */
export function diagnose(root: MemoryNode, earlier?: MemoryNode, previous?: Diagnosis): Diagnosis {
  const undivided = bytesOfAll(root, PART.undivided)
  if (undivided > 0) {
    const line = `${share(undivided, root)} is live or free, which mappings alone do not show: breakdown() in the process itself does`
    return { verdict: 'unclear', largest: PART.undivided, named: [PART.undivided], hasGrown: null, line }
  }
  const parts = accountableParts(root)
  return earlier === undefined ? observed(root, parts, previous) : compared(root, parts, { earlier, previous })
}

function observed(root: MemoryNode, parts: readonly BreakdownPart[], previous: Diagnosis | undefined): Diagnosis {
  const [largest, ...others] = ordered(parts, ({ bytes }) => bytes, OVERTAKE_SHARE * root.bytes, previous?.named)
  if (largest === undefined || largest.bytes === 0) {
    const line = `${formatBytes(root.bytes)} resident, and nothing but code`
    return { verdict: 'observed', largest: PART.binary, named: [PART.binary], hasGrown: null, line }
  }
  const isNamed = ({ name, bytes }: BreakdownPart): boolean =>
    bytes >= (previous?.named.includes(name) === true ? NAMED.keptShare : NAMED.share) * root.bytes
  const named = [largest, ...others.filter(isNamed).slice(0, NAMED.count - 1)]
  const list = named.map(({ name, bytes }) => `${name} ${share(bytes, root)}`).join(', ')
  const line = `largest: ${list}; ${largest.advice}; a second observation shows whether RSS grows, and by which part`
  return { verdict: 'observed', largest: largest.name, named: named.map(({ name }) => name), hasGrown: null, line }
}

interface Before {
  readonly earlier: MemoryNode
  readonly previous: Diagnosis | undefined
}

function compared(root: MemoryNode, parts: readonly BreakdownPart[], before: Before): Diagnosis {
  return grown(root, parts, before) ?? fragmented(root, parts, before) ?? steady(root, parts, before)
}

function grown(root: MemoryNode, parts: readonly BreakdownPart[], { earlier, previous }: Before): Diagnosis | null {
  const bytesBefore = new Map(accountableParts(earlier).map(({ name, bytes }) => [name, bytes]))
  const byBytes = root.bytes - earlier.bytes
  const kept = previous?.hasGrown === true ? KEPT : 1
  if (byBytes < kept * Math.max(CHANGE.bytes, CHANGE.share * earlier.bytes)) return null
  const by = ({ name, bytes }: BreakdownPart): number => bytes - (bytesBefore.get(name) ?? 0)
  const [most] = ordered(parts, by, OVERTAKE_SHARE * root.bytes, previous?.named)
  if (most === undefined || by(most) <= 0) return null
  const line = `RSS grew by ${formatBytes(byBytes)} since the earlier observation, most by ${most.name}, ${formatBytes(by(most))}; ${most.advice}`
  return { verdict: most.isFree === true ? 'fragmented' : 'growing', ...naming(most), hasGrown: true, line }
}

/** A good part of both is free. */
function fragmented(
  root: MemoryNode,
  parts: readonly BreakdownPart[],
  { earlier, previous }: Before,
): Diagnosis | null {
  const kept = previous?.verdict === 'fragmented' ? KEPT : 1
  const isFree = (bytes: number, of: MemoryNode): boolean =>
    bytes >= kept * FREE.share * of.bytes && bytes >= kept * FREE.bytes
  const free = freeBytes(parts)
  if (!isFree(free, root) || !isFree(freeBytes(accountableParts(earlier)), earlier)) return null
  const ofNobody = parts.filter((part) => part.isFree === true)
  const largest = largestOf(ofNobody, root, previous)
  const line = `${changeText(root, earlier)}, and ${share(free, root)} is free in both, most of it ${largest.name}, ${formatBytes(largest.bytes)}; ${largest.advice}`
  return { verdict: 'fragmented', ...naming(largest), hasGrown: false, line }
}

function steady(root: MemoryNode, parts: readonly BreakdownPart[], { earlier, previous }: Before): Diagnosis {
  const largest = largestOf(parts, root, previous)
  const line = `${changeText(root, earlier)}: it does not grow; largest: ${largest.name} ${share(largest.bytes, root)}`
  return { verdict: 'steady', ...naming(largest), hasGrown: false, line }
}

function naming({ name }: BreakdownPart): Pick<Diagnosis, 'largest' | 'named'> {
  return { largest: name, named: [name] }
}

function changeText(root: MemoryNode, earlier: MemoryNode): string {
  return `RSS changed by ${formatBytes(root.bytes - earlier.bytes)} since the earlier observation`
}

/**
 * By size; among those that differ from the largest of the rest by less than `margin`, the one that was named first comes
 * first.
 */
function ordered(
  parts: readonly BreakdownPart[],
  sizeOf: (part: BreakdownPart) => number,
  margin: number,
  named: readonly string[] = [],
): BreakdownPart[] {
  const rest = parts.toSorted((a, b) => sizeOf(b) - sizeOf(a))
  const place = ({ name }: BreakdownPart): number => (named.includes(name) ? named.indexOf(name) : Infinity)
  const result: BreakdownPart[] = []
  for (let [largest] = rest; largest !== undefined; [largest] = rest) {
    const least = sizeOf(largest) - margin
    const near = rest.filter((part) => sizeOf(part) >= least)
    const next = near.reduce((first, part) => (place(part) < place(first) ? part : first), largest)
    result.push(next)
    rest.splice(rest.indexOf(next), 1)
  }
  return result
}

function largestOf(parts: readonly BreakdownPart[], root: MemoryNode, previous: Diagnosis | undefined): BreakdownPart {
  const none: BreakdownPart = { name: PART.binary, bytes: 0, advice: 'there is nothing else' }
  return ordered(parts, ({ bytes }) => bytes, OVERTAKE_SHARE * root.bytes, previous?.named)[0] ?? none
}

function share(bytes: number, root: MemoryNode): string {
  return `${formatBytes(bytes)} (${formatShare(bytes, root.bytes)} of RSS)`
}

function freeBytes(parts: readonly BreakdownPart[]): number {
  return parts.reduce((total, { bytes, isFree }) => total + (isFree === true ? bytes : 0), 0)
}
