/** The parts of a tree that a diagnosis compares, each with what would show more of it. Pure. */
import { bytesAt, bytesOfAll } from './node.js'
import { PART } from './types.js'
import type { MemoryNode } from './types.js'

/** One of them. */
export interface BreakdownPart {
  readonly name: string
  readonly bytes: number
  /** The advice that would show more, or gives it back. */
  readonly advice: string
  /** Nobody holds it. */
  readonly isFree?: boolean
}

/** The advice to find the owners of JavaScript objects. */
const OWNER_ADVICE = {
  live: 'discover and a class histogram show what holds these objects',
  used: 'discover and a class histogram show which of these objects are live, and what holds them',
} as const

/** Whether an advice is to find owners, which a reader of their list need not be told. */
export function isOwnerAdvice(advice: string): boolean {
  return Object.values<string>(OWNER_ADVICE).includes(advice)
}

/** All of RSS but code, which is large in every process, and what is not divided. */
export function accountableParts(root: MemoryNode): readonly BreakdownPart[] {
  return [...heldParts(root), ...freeParts(root), ...mappedParts(root), ...unclearParts(root)]
}

function heldParts(root: MemoryNode): readonly BreakdownPart[] {
  const inV8 = isolatesOf(root).flatMap(({ children = [] }) => children)
  const native = root.children?.find(({ name }) => name === PART.allocator)?.children ?? []
  const named = (nodes: readonly MemoryNode[], name: string): MemoryNode[] => nodes.filter((node) => node.name === name)
  const [live, used, liveNative] = [named(inV8, PART.live), named(inV8, PART.used), named(native, PART.live)]
  const cached = [...live, ...used, ...liveNative].flatMap(cachesOf)
  const less = (nodes: readonly MemoryNode[]): number => sum(nodes) - sum(nodes.flatMap(cachesOf))
  return [
    { name: 'measured caches', bytes: sum(cached), advice: 'attribute() measures each cache' },
    {
      name: 'JavaScript objects in no measured cache (live at the last major collection)',
      bytes: less(live),
      advice: OWNER_ADVICE.live,
    },
    {
      name: 'JavaScript objects, garbage or allocated since the last major collection',
      bytes: sum(named(inV8, PART.since)),
      advice: 'the next major collection shows which of the two they are',
    },
    {
      name: 'JavaScript objects in no measured cache, garbage since the last major collection included',
      bytes: less(used),
      advice: OWNER_ADVICE.used,
    },
    {
      name: 'native memory in no measured cache',
      bytes: less(liveNative),
      advice: 'a heap profile shows what allocates it (run --profile)',
    },
    {
      name: PART.wasm,
      bytes: bytesOfAll(root, PART.wasm),
      advice: 'it never shrinks while its instance lives',
    },
    {
      name: PART.resizable,
      bytes: bytesOfAll(root, PART.resizable),
      advice: 'attribute() measures those that a cache holds',
    },
    {
      name: "machine code outside V8's spaces",
      bytes: bytesOfAll(root, PART.outsideCode),
      advice: 'it lives as long as the WebAssembly module that it was compiled from',
    },
    {
      name: "room of V8's young generation",
      bytes: sum(youngOf(root)),
      advice: '--max-semi-space-size bounds it',
    },
  ]
}

function freeParts(root: MemoryNode): readonly BreakdownPart[] {
  const of = (name: string): number => bytesAt(root, PART.allocator, name)
  return [
    {
      name: "free pages of V8's heap",
      bytes: sum(slackOf(root)) - sum(youngOf(root)),
      advice: 'V8 uses them again, and gives some back after major collections',
      isFree: true,
    },
    {
      name: 'freed pages that V8 keeps (its page pool)',
      bytes: bytesOfAll(root, PART.pagePool),
      advice:
        "gc({ type: 'major', flavor: 'last-resort' }) gives them back (--expose-gc); V8 does it by itself after some idle seconds",
      isFree: true,
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

function mappedParts(root: MemoryNode): readonly BreakdownPart[] {
  const advice = {
    [PART.files]: 'their pages are given up under pressure',
    [PART.shared]: 'it is held until every process that has it mapped lets go',
    [PART.stacks]: 'they grow with the number of threads and the depth of calls',
  }
  return Object.entries(advice).map(([name, text]) => ({ name, bytes: bytesAt(root, name), advice: text }))
}

function unclearParts(root: MemoryNode): readonly BreakdownPart[] {
  return [
    {
      name: PART.notAsked,
      bytes: bytesOfAll(root, PART.notAsked),
      advice: 'breakdown({ isolates: await workerHeaps(workers) }) divides them',
    },
    {
      name: 'pages that V8 keeps outside its spaces',
      bytes: bytesOfAll(root, PART.outsideSpaces),
      advice: "most often it freed them, and gc({ type: 'major', flavor: 'last-resort' }) gives them back",
    },
    {
      name: 'memory of the allocator that its statistics do not explain',
      bytes: bytesAt(root, PART.allocator, PART.unexplained) + bytesAt(root, PART.allocator, PART.metadata),
      advice: 'the statistics of jemalloc say more than others',
    },
    {
      name: PART.other,
      bytes: bytesAt(root, PART.other),
      advice: 'it was mapped past the allocator: /proc/PID/smaps shows the ranges',
    },
  ]
}

function isolatesOf(root: MemoryNode): readonly MemoryNode[] {
  return (root.children ?? []).filter(({ name }) => name === PART.v8).flatMap(({ children = [] }) => children)
}

/** Free and unswept pages of all isolates. */
function slackOf(root: MemoryNode): readonly MemoryNode[] {
  return isolatesOf(root)
    .flatMap(({ children = [] }) => children)
    .filter(({ name }) => name === PART.free || name === PART.unswept)
}

/** An empty young generation is room that every heap needs, and that it fills again within the second. */
function youngOf(root: MemoryNode): readonly MemoryNode[] {
  return slackOf(root).flatMap(({ children = [] }) => children.filter(({ name }) => name === 'new_space'))
}

function cachesOf({ children = [] }: MemoryNode): MemoryNode[] {
  return children.filter(({ name }) => name.startsWith('cache '))
}

function sum(nodes: readonly MemoryNode[]): number {
  return nodes.reduce((total, { bytes }) => total + bytes, 0)
}
