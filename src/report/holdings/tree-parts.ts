/**
 * The leaves of a breakdown by what can be said of their holder: caches, rows of their own, and live memory that owners divide.
 *
 * Rule: each leaf goes to one place, also one of an unknown name, so that nothing of RSS is lost or counted twice.
 */
import { PART } from '../breakdown/types.js'
import type { MemoryNode, NamedBytes } from '../breakdown/types.js'
import type { Holding, HoldingKind } from './types.js'

/** The leaves, sorted. */
export interface TreeParts {
  /** Resident bytes of caches by their name. */
  readonly caches: ReadonlyMap<string, number>
  /** Live memory in no measured cache: of this thread's heap, of the allocator, and what V8 maps itself. */
  readonly live: readonly NamedBytes[]
  readonly mappedBytes: number
  /** Rows that are complete. */
  readonly fixed: readonly Holding[]
  /** The rest that no statistic divides. */
  readonly undivided: readonly NamedBytes[]
}

interface Kind {
  readonly kind: HoldingKind
  readonly name: string
  readonly advice: string
}

const GARBAGE: Kind = {
  kind: 'garbage',
  name: 'JavaScript objects, garbage or new',
  advice: 'Allocated since the last major collection: the next one shows how much of it is live.',
}
const V8_FREE: Kind = {
  kind: 'free',
  name: 'Free pages of V8’s heap',
  advice:
    'V8 uses them again, and gives some back after major collections. --max-semi-space-size bounds the young part.',
}
const FREED: Kind = {
  kind: 'free',
  name: 'Freed pages of the allocator',
  advice: 'They decay by themselves (dirty_decay_ms); a background_thread does it in idle processes, too.',
}

/** Parts of an isolate beside what lives in it. */
const OF_ISOLATE: Readonly<Record<string, Kind>> = {
  [PART.since]: GARBAGE,
  [PART.free]: V8_FREE,
  [PART.unswept]: V8_FREE,
}
const OF_V8: Readonly<Record<string, Kind>> = {
  [PART.pagePool]: {
    kind: 'free',
    name: 'Freed pages that V8 keeps',
    advice: 'V8 gives them back after some idle seconds, or by gc({ type: "major", flavor: "last-resort" }).',
  },
  [PART.outsideSpaces]: {
    kind: 'free',
    name: 'Pages that V8 keeps outside its spaces',
    advice: 'Most often it freed them. Machine code and buffers of other threads may be among them.',
  },
  [PART.outsideCode]: {
    kind: 'engine',
    name: 'Machine code of WebAssembly',
    advice: 'It lives as long as the module that it was compiled from.',
  },
}
const OF_ALLOCATOR: Readonly<Record<string, Kind>> = {
  [PART.threadCaches]: {
    kind: 'free',
    name: 'Thread caches of the allocator',
    advice: 'They are bounded by lg_tcache_max and the number of threads.',
  },
  [PART.fragmentation]: {
    kind: 'free',
    name: 'Fragmentation of the allocator',
    advice: 'Live allocations keep pages that are otherwise free: it falls when those are freed.',
  },
  [PART.dirty]: FREED,
  [PART.muzzy]: FREED,
  [PART.metadata]: { kind: 'engine', name: 'Records of the allocator', advice: 'They grow with the number of pages.' },
}
const OF_PROCESS: Readonly<Record<string, Kind>> = {
  [PART.stacks]: {
    kind: 'engine',
    name: 'Thread stacks',
    advice: 'They grow with the number of threads and the depth of calls.',
  },
  [PART.binary]: {
    kind: 'engine',
    name: 'Program code and libraries',
    advice: 'Shared with other processes of the same program, and given up under pressure.',
  },
  [PART.files]: { kind: 'engine', name: 'Mapped files', advice: 'Their pages are given up under pressure.' },
  [PART.shared]: {
    kind: 'engine',
    name: 'Shared memory',
    advice: 'It is freed when no process has it mapped any more.',
  },
}
/** Freed pages that RSS falls by when they are given back. */
const GIVEN_BACK = new Set([FREED, OF_V8[PART.pagePool]])

/** Sorts the leaves of a tree. */
export function partsOfTree(root: MemoryNode): TreeParts {
  const sorter = new Sorter()
  for (const node of root.children ?? []) {
    if (node.name === PART.v8) sorter.takeV8(node)
    else if (node.name === PART.allocator) sorter.takeAllocator(node)
    else sorter.take(OF_PROCESS, node, node.name)
  }
  // A tree that came over the wire, or of another version, may have less below than above.
  const below = (root.children ?? []).reduce((sum, { bytes }) => sum + bytes, 0)
  sorter.leave('not divided', root.bytes - below)
  return sorter
}

class Sorter implements TreeParts {
  readonly caches = new Map<string, number>()
  readonly live: NamedBytes[] = []
  mappedBytes = 0
  readonly undivided: NamedBytes[] = []
  readonly #fixed = new Map<string, Holding>()

  get fixed(): readonly Holding[] {
    return [...this.#fixed.values()]
  }

  takeV8({ children, bytes }: MemoryNode): void {
    if (children === undefined) {
      this.leave('V8’s heap', bytes)
      return
    }
    let isOwn = true
    for (const node of children) {
      if (node.name === PART.wasm || node.name === PART.resizable) this.mappedBytes += node.bytes
      else if (isIsolate(node)) {
        this.#takeIsolate(node, isOwn)
        isOwn = false
      } else if (node.name === PART.undivided) this.leave('V8’s heap, live and free', node.bytes)
      else this.take(OF_V8, node, node.name)
    }
  }

  takeAllocator({ children, bytes }: MemoryNode): void {
    if (children === undefined) {
      this.leave('memory of the allocator', bytes)
      return
    }
    for (const node of children) {
      if (node.name === PART.live) this.#takeLive(node, 'native memory')
      else if (node.name === PART.undivided) this.leave('memory of the allocator, live and free', node.bytes)
      else this.take(OF_ALLOCATOR, node, `${node.name} memory of the allocator`)
    }
  }

  /** A row by the node's name, or what is not divided. */
  take(kinds: Readonly<Record<string, Kind>>, node: MemoryNode, otherwise: string): void {
    const known = Object.hasOwn(kinds, node.name) ? kinds[node.name] : undefined
    if (known === undefined) this.leave(otherwise, node.bytes)
    else this.#add(known, node)
  }

  leave(name: string, bytes: number): void {
    if (bytes > 0) this.undivided.push({ name, bytes })
  }

  /** Owners are found in this thread's heap alone. */
  #takeIsolate({ name, children = [] }: MemoryNode, isOwn: boolean): void {
    for (const node of children) {
      if (node.name !== PART.live && node.name !== PART.used) this.take(OF_ISOLATE, node, `${name}: ${node.name}`)
      else if (isOwn)
        this.#takeLive(node, node.name === PART.used ? 'JavaScript objects, live or garbage' : 'JavaScript objects')
      else
        this.#add(
          { kind: 'engine', name: `JavaScript objects of ${name}`, advice: 'A heap of its own, which is not walked.' },
          node,
        )
    }
  }

  #takeLive({ children, bytes }: MemoryNode, what: string): void {
    let left = bytes
    for (const { name, bytes: part } of children ?? []) {
      if (!name.startsWith(CACHE_PREFIX)) continue
      const cache = name.slice(CACHE_PREFIX.length)
      this.caches.set(cache, (this.caches.get(cache) ?? 0) + part)
      left -= part
    }
    if (left > 0) this.live.push({ name: what, bytes: left })
  }

  #add(of: Kind, { name: part, bytes, children = [] }: MemoryNode): void {
    if (bytes <= 0) return
    const { kind, name, advice } = of
    const before = this.#fixed.get(name)
    const sum = (before?.bytes ?? 0) + bytes
    const parts = [...(before?.parts ?? []), ...(children.length === 0 ? [{ name: part, bytes }] : children.map(plain))]
    this.#fixed.set(name, {
      ...emptyHolding(`${kind}:${name}`, kind, name, sum),
      advice,
      parts: parts.filter((each) => each.bytes > 0).toSorted((a, b) => b.bytes - a.bytes),
      returned: GIVEN_BACK.has(of) ? { residentBytes: sum, uncertaintyBytes: null } : null,
    })
  }
}

const CACHE_PREFIX = 'cache '

/** A row of which nothing is known but its bytes. */
export function emptyHolding(key: string, kind: HoldingKind, name: string, bytes: number): Holding {
  return { key, kind, name, bytes, returned: null, advice: '', parts: [], row: null, owner: null, package: null }
}

function isIsolate({ children = [] }: MemoryNode): boolean {
  return children.some(({ name }) => name === PART.live || name === PART.used || Object.hasOwn(OF_ISOLATE, name))
}

function plain({ name, bytes }: MemoryNode): NamedBytes {
  return { name, bytes }
}
