/**
 * Leak or fragmentation?, in one line. Pure.
 *
 * Rule: one look cannot tell growth, so it never says "leak": it says whether memory is held by someone or by nobody, and
 * where a leak would lie if RSS grows.
 */
import { formatBytes, formatShare } from '../../support/units.js'
import { bytesAt, bytesOfAll } from './node.js'
import { PART } from './types.js'
import type { MemoryNode } from './types.js'

/** What a breakdown says about growth. */
export interface Diagnosis {
  /**
   * `fragmented`: a good part of RSS is held by nobody. `held`: someone holds it. `mapped`: most of it is no heap at all, but
   * files, libraries, shared memory or stacks. `unclear`: most of it could not be told apart.
   */
  readonly verdict: 'fragmented' | 'held' | 'mapped' | 'unclear'
  /** The largest part of what the verdict is about. */
  readonly largest: string
  readonly line: string
}

/** Free memory below these is every process's. */
const FRAGMENTED = { share: 0.25, bytes: 32 * 1024 * 1024 }

interface Part {
  readonly name: string
  readonly bytes: number
  readonly advice: string
}

/**
 * Reads a breakdown's tree: is memory free but not given back, or held, and where?
 *
 * @example
 * const { verdict, line } = diagnose(breakdown({ coordinator }))
 */
export function diagnose(root: MemoryNode): Diagnosis {
  const rss = root.bytes
  const free = freeParts(root)
  const freeBytes = sum(free)
  const share = (bytes: number): string => `${formatBytes(bytes)} (${formatShare(bytes, rss)} of RSS)`
  if (freeBytes >= FRAGMENTED.share * rss && freeBytes >= FRAGMENTED.bytes) {
    const { name, bytes, advice } = largestOf(free)
    const line = `fragmentation rather than a leak: ${share(freeBytes)} is held by nobody, most of it ${name}, ${formatBytes(bytes)}: ${advice}`
    return { verdict: 'fragmented', largest: name, line }
  }
  const undividedBytes = bytesOfAll(root, PART.undivided)
  if (undividedBytes > 0) return undivided(share(undividedBytes))
  const kept: readonly (Part & { readonly verdict: Diagnosis['verdict'] })[] = [
    ...heldParts(root).map((part) => ({ ...part, verdict: 'held' as const })),
    ...mappedParts(root).map((part) => ({ ...part, verdict: 'mapped' as const })),
    ...unclearParts(root).map((part) => ({ ...part, verdict: 'unclear' as const })),
  ]
  const { name, bytes, advice, verdict } = largestOf(kept)
  const line = `no fragmentation to speak of (${share(freeBytes)} is free): most is ${name}, ${share(bytes)}; if RSS grows, ${advice}`
  return { verdict, largest: name, line }
}

/** Of mappings alone nothing tells what is held. */
function undivided(amount: string): Diagnosis {
  const line = `leak or fragmentation is not told apart: ${amount} is live or free; breakdown() in the process itself, under jemalloc, tells`
  return { verdict: 'unclear', largest: PART.undivided, line }
}

function freeParts(root: MemoryNode): readonly Part[] {
  const v8 = root.children?.find(({ name }) => name === PART.v8)
  const inV8 = bytesOfAll(v8, PART.free) + bytesOfAll(v8, PART.unswept)
  const of = (name: string): number => bytesAt(root, PART.allocator, name)
  return [
    {
      name: "free memory of V8's heap",
      bytes: inV8,
      advice: 'it goes back after major collections, or is used again; a peak of garbage made it',
    },
    {
      name: 'fragmentation of the allocator',
      bytes: of(PART.fragmentation),
      advice: 'a few long-lived allocations keep pages that are otherwise free; jemalloc has less of it than glibc',
    },
    {
      name: 'dirty pages of the allocator',
      bytes: of(PART.dirty) + of(PART.muzzy),
      advice: 'they decay by themselves (dirty_decay_ms), a background_thread does it in idle processes too',
    },
    {
      name: 'thread caches of the allocator',
      bytes: of(PART.threadCaches),
      advice: 'they are bounded by lg_tcache_max and the number of threads',
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
    { name: 'caches', bytes: cached, advice: 'a cache without a bound is the first suspect: compare reports' },
    {
      name: 'live JavaScript objects outside the caches',
      bytes: less(liveInV8),
      advice: 'objects leak: discover() names large collections, a heap snapshot the rest',
    },
    {
      name: 'live native memory outside the caches',
      bytes: less(liveNative),
      advice: 'Buffers or a native library leak: an allocation profile names the caller',
    },
    { name: 'WebAssembly memory', bytes: bytesOfAll(root, PART.wasm), advice: 'it never shrinks: look at the module' },
  ]
}

function outsideCaches({ bytes, children = [] }: MemoryNode): number {
  return bytes - children.filter(({ name }) => name.startsWith('cache ')).reduce((sum, child) => sum + child.bytes, 0)
}

function mappedParts(root: MemoryNode): readonly Part[] {
  const advice = {
    [PART.binary]: 'it is code, which does not grow: look at the other parts',
    [PART.files]: 'files are mapped; their pages are given up under pressure',
    [PART.shared]: 'shared memory is held until every process that has it mapped lets go',
    [PART.stacks]: 'look at the number of threads',
  }
  return Object.entries(advice).map(([name, text]) => ({ name, bytes: bytesAt(root, name), advice: text }))
}

function unclearParts(root: MemoryNode): readonly Part[] {
  return [
    {
      name: "V8's memory that is free or other isolates'",
      bytes: bytesOfAll(root, PART.notAsked),
      advice: 'give the heaps of the workers: breakdown({ isolates })',
    },
    {
      name: "V8's memory outside its spaces",
      bytes: bytesOfAll(root, PART.outsideSpaces),
      advice: 'compare it with the number of isolates',
    },
    {
      name: 'memory of the allocator that it does not explain',
      bytes: bytesAt(root, PART.allocator, PART.unexplained) + bytesAt(root, PART.allocator, PART.metadata),
      advice: 'start under jemalloc, whose statistics tell more',
    },
    {
      name: PART.other,
      bytes: bytesAt(root, PART.other),
      advice: 'a native library maps memory past the allocator: /proc/PID/smaps shows the ranges',
    },
  ]
}

function largestOf<T extends Part>(parts: readonly T[]): T {
  return parts.reduce((largest, part) => (part.bytes > largest.bytes ? part : largest))
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0)
}
