/**
 * What a breakdown says, in a few sentences. Pure.
 *
 * Rule: one observation says what is large and what would tell more, and judges nothing: whether memory leaks, grows or lies
 * fragmented is told by two observations, or by a history. Code does not compete: it is large in every process, and does not grow.
 */
import { formatBytes, formatShare } from '../../support/units.js'
import { bytesAt, bytesOfAll } from './node.js'
import { PART } from './types.js'
import type { MemoryNode } from './types.js'

/** What a breakdown, or two of them, says. */
export interface Diagnosis {
  /**
   * Of one observation: `observed`, or `unclear` where live memory could not be told from free. Of two: `growing`, where RSS
   * grew by memory that somebody holds; `fragmented`, where it grew by memory that nobody holds, or a good part of both is
   * free; `steady` else.
   */
  readonly verdict: 'observed' | 'unclear' | 'growing' | 'fragmented' | 'steady'
  /** The largest part, code left out; of two observations that grew, the one that grew most. */
  readonly largest: string
  readonly line: string
}

/** Free memory below these is every process's. */
const FREE = { share: 0.25, bytes: 32 * 1024 * 1024 }
/** Less than this between two observations is the coming and going of any process. */
const CHANGE = { share: 0.05, bytes: 16 * 1024 * 1024 }
/** Parts that one line names, and the share of RSS from which on it does. */
const NAMED = { count: 3, share: 0.05 }

interface Part {
  readonly name: string
  readonly bytes: number
  /** What would tell more. */
  readonly advice: string
  /** Nobody holds it. */
  readonly isFree?: boolean
}

/**
 * What is large in a breakdown; with an earlier one of the same process, what became of it since.
 *
 * @example
 * const { verdict, line } = diagnose(later, earlier)
 */
export function diagnose(root: MemoryNode, earlier?: MemoryNode): Diagnosis {
  const parts = partsOf(root)
  const undivided = bytesOfAll(root, PART.undivided)
  if (undivided > 0) {
    const line = `${share(undivided, root)} is live or free, which mappings alone do not tell: breakdown() in the process itself does`
    return { verdict: 'unclear', largest: PART.undivided, line }
  }
  return earlier === undefined ? observed(root, parts) : compared(root, parts, earlier)
}

function observed(root: MemoryNode, parts: readonly Part[]): Diagnosis {
  const sorted = parts.toSorted((a, b) => b.bytes - a.bytes)
  const [largest, ...others] = sorted
  if (largest === undefined || largest.bytes === 0) {
    return {
      verdict: 'observed',
      largest: PART.binary,
      line: `${formatBytes(root.bytes)} resident, code and nothing else`,
    }
  }
  const named = others.filter(({ bytes }) => bytes >= NAMED.share * root.bytes).slice(0, NAMED.count - 1)
  const list = [largest, ...named].map(({ name, bytes }) => `${name} ${share(bytes, root)}`).join(', ')
  const line = `largest: ${list}; ${largest.advice}; whether it grows takes a second observation`
  return { verdict: 'observed', largest: largest.name, line }
}

function compared(root: MemoryNode, parts: readonly Part[], earlier: MemoryNode): Diagnosis {
  const before = new Map(partsOf(earlier).map(({ name, bytes }) => [name, bytes]))
  const grownBytes = root.bytes - earlier.bytes
  const grown = parts.map((part) => ({ ...part, by: part.bytes - (before.get(part.name) ?? 0) }))
  const most = grown.reduce<(typeof grown)[number] | undefined>(
    (a, b) => (a === undefined || b.by > a.by ? b : a),
    undefined,
  )
  if (most !== undefined && grownBytes >= Math.max(CHANGE.bytes, CHANGE.share * earlier.bytes)) {
    const line = `RSS grew by ${formatBytes(grownBytes)} since the earlier observation, most by ${most.name}, ${formatBytes(most.by)}; ${most.advice}`
    return { verdict: most.isFree === true ? 'fragmented' : 'growing', largest: most.name, line }
  }
  const [free, freeBefore] = [freeBytes(parts), freeBytes(partsOf(earlier))]
  const isFree = (bytes: number, of: MemoryNode): boolean => bytes >= FREE.share * of.bytes && bytes >= FREE.bytes
  const largest = largestOf(isFree(free, root) ? parts.filter((part) => part.isFree === true) : parts)
  const change = `RSS changed by ${formatBytes(grownBytes)} since the earlier observation`
  if (isFree(free, root) && isFree(freeBefore, earlier)) {
    const line = `${change}, and ${share(free, root)} is held by nobody in both, most of it ${largest.name}, ${formatBytes(largest.bytes)}; ${largest.advice}`
    return { verdict: 'fragmented', largest: largest.name, line }
  }
  const line = `${change}: it does not grow; largest: ${largest.name} ${share(largest.bytes, root)}`
  return { verdict: 'steady', largest: largest.name, line }
}

function share(bytes: number, root: MemoryNode): string {
  return `${formatBytes(bytes)} (${formatShare(bytes, root.bytes)} of RSS)`
}

function freeBytes(parts: readonly Part[]): number {
  return parts.reduce((total, { bytes, isFree }) => total + (isFree === true ? bytes : 0), 0)
}

function largestOf(parts: readonly Part[]): Part {
  const none: Part = { name: PART.binary, bytes: 0, advice: 'there is nothing else' }
  return parts.reduce((largest, part) => (part.bytes > largest.bytes ? part : largest), none)
}

function partsOf(root: MemoryNode): readonly Part[] {
  return [...heldParts(root), ...freeParts(root), ...mappedParts(root), ...unclearParts(root)]
}

function freeParts(root: MemoryNode): readonly Part[] {
  const isolates = (root.children?.find(({ name }) => name === PART.v8)?.children ?? []).flatMap(
    ({ children = [] }) => children,
  )
  const inV8 = isolates.filter(({ name }) => name === PART.free || name === PART.unswept)
  // An empty young generation is room that every heap needs, and that it fills again within the second.
  const young = inV8.flatMap(({ children = [] }) => children.filter(({ name }) => name === 'new_space'))
  const of = (name: string): number => bytesAt(root, PART.allocator, name)
  return [
    {
      name: "free pages of V8's heap",
      bytes: sum(inV8) - sum(young),
      advice: 'V8 uses them again, and gives some back after major collections',
      isFree: true,
    },
    {
      name: 'pages that V8 keeps outside its spaces',
      bytes: bytesOfAll(root, PART.outsideSpaces),
      advice:
        'most often it freed them and keeps them for the next space that grows; its tables and buffers that it maps lie there, too',
    },
    {
      name: 'fragmentation of the allocator',
      bytes: of(PART.fragmentation),
      advice: 'live allocations keep pages that are otherwise free',
      isFree: true,
    },
    {
      name: 'dirty pages of the allocator',
      bytes: of(PART.dirty) + of(PART.muzzy),
      advice: 'they decay by themselves (dirty_decay_ms); a background_thread does it in idle processes too',
      isFree: true,
    },
    {
      name: 'thread caches of the allocator',
      bytes: of(PART.threadCaches),
      advice: 'they are bounded by lg_tcache_max and the number of threads',
      isFree: true,
    },
  ]
}

function heldParts(root: MemoryNode): readonly Part[] {
  const inV8 = (root.children ?? []).filter(({ name }) => name === PART.v8).flatMap(({ children = [] }) => children)
  const liveInV8 = inV8.flatMap(({ children = [] }) => children.filter(({ name }) => name === PART.live))
  const native = root.children?.find(({ name }) => name === PART.allocator)?.children ?? []
  const liveNative = native.filter(({ name }) => name === PART.live)
  const cached = [...liveInV8, ...liveNative]
    .flatMap(({ children = [] }) => children.filter(({ name }) => name.startsWith('cache ')))
    .reduce((total, { bytes }) => total + bytes, 0)
  const less = (nodes: readonly MemoryNode[]): number => nodes.reduce((total, node) => total + outsideCaches(node), 0)
  return [
    { name: 'measured caches', bytes: cached, advice: 'attribute() measures each of them' },
    {
      name: 'JavaScript objects in no measured cache, garbage since the last major collection included',
      bytes: less(liveInV8),
      advice: 'discover() and classHistogram() tell what lives, and by whom it is held',
    },
    {
      name: 'native memory in no measured cache',
      bytes: less(liveNative),
      advice: 'a heap profile tells who allocates it (run --profile)',
    },
    {
      name: 'WebAssembly memory',
      bytes: bytesOfAll(root, PART.wasm),
      advice: 'it never shrinks while its instance lives',
    },
  ]
}

function outsideCaches({ bytes, children = [] }: MemoryNode): number {
  return bytes - children.filter(({ name }) => name.startsWith('cache ')).reduce((sum, child) => sum + child.bytes, 0)
}

function mappedParts(root: MemoryNode): readonly Part[] {
  const advice = {
    [PART.files]: 'their pages are given up under pressure',
    [PART.shared]: 'it is held until every process that has it mapped lets go',
    [PART.stacks]: 'they grow with the number of threads and the depth of calls',
  }
  return Object.entries(advice).map(([name, text]) => ({ name, bytes: bytesAt(root, name), advice: text }))
}

function unclearParts(root: MemoryNode): readonly Part[] {
  return [
    {
      name: PART.notAsked,
      bytes: bytesOfAll(root, PART.notAsked),
      advice: 'breakdown({ isolates: await workerHeaps(workers) }) divides them',
    },
    {
      name: 'memory of the allocator that its statistics do not explain',
      bytes: bytesAt(root, PART.allocator, PART.unexplained) + bytesAt(root, PART.allocator, PART.metadata),
      advice: 'the statistics of jemalloc tell more than others',
    },
    {
      name: PART.other,
      bytes: bytesAt(root, PART.other),
      advice: 'it was mapped past the allocator: /proc/PID/smaps shows the ranges',
    },
  ]
}

function sum(nodes: readonly MemoryNode[]): number {
  return nodes.reduce((total, { bytes }) => total + bytes, 0)
}
