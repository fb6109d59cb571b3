/**
 * V8's part of the tree: what its mappings have resident, divided as its isolates report.
 *
 * Rule: live objects are resident and come first; what a space has committed beyond them may never have been touched, so
 * that free memory is only what is left of the mappings, and no more than the spaces have.
 */
import { formatCount } from '../../support/units.js'
import { usedNodes } from './used-nodes.js'
import { branch, leaf } from './node.js'
import { fill, fitInto, shareOut } from './share.js'
import { PART } from './types.js'
import type { BreakdownReadings, HeapSpace, MemoryNode, NamedBytes } from './types.js'

interface Space {
  readonly isolate: number
  readonly name: string
  readonly live: number
  /** On free lists, and what a semi-space has left: V8 can use it at once. */
  readonly free: number
  /** The rest of its pages: dead objects that were not swept yet, headers, what alignment takes. */
  readonly unswept: number
}

/** The node of the V8 heap. */
export function v8Node(readings: BreakdownReadings): MemoryNode {
  const { mapped, isolates, caches, ownMapped = null } = readings
  const spaces = isolates.flatMap(({ spaces: own }, isolate) => own.map((space) => spaceOf(isolate, space)))
  const known = isolates.filter(({ name }) => name !== MAIN_ISOLATE).length
  // In a worker the main thread's heap is as unknown as a worker's is elsewhere.
  const isMainKnown = known < isolates.length
  const unasked = Math.max(0, mapped.workers - known) + (isMainKnown ? 0 : 1)
  // Resident to the page: it comes before what a space has committed, which need not be.
  const { wasm, resizable, left: ofHeaps } = besideHeaps(mapped, ownMapped, unasked > 0)
  const beside = [...nonEmpty(PART.wasm, wasm), ...nonEmpty(PART.resizable, resizable)]
  if (isolates.length === 0) return branch(PART.v8, [leaf(PART.undivided, ofHeaps), ...beside])
  const { parts: live, left: rest } = fitInto(
    ofHeaps,
    spaces.map((space) => space.live),
  )
  const slack = spaces.flatMap(({ free, unswept }) => [free, unswept])
  const slackBytes = slack.reduce((sum, bytes) => sum + bytes, 0)
  // Memory that the known isolates have committed is theirs; only the rest can be another's.
  const within = Math.min(rest, slackBytes)
  const shares = slackBytes === 0 ? slack : shareOut(within, slack)
  const nodes = isolates.map(({ name, lastMajorGc }, isolate) => {
    const own = spaces.flatMap((space, index) => (space.isolate === isolate ? [index] : []))
    const part = (of: (index: number) => number): NamedBytes[] =>
      own.map((index) => ({ name: spaces[index]?.name ?? '', bytes: of(index) })).filter(({ bytes }) => bytes > 0)
    return branch(name, [
      ...usedNodes(
        part((index) => live[index] ?? 0),
        isolate === 0 ? caches : null,
        lastMajorGc,
      ),
      branchOf(
        PART.free,
        part((index) => shares[2 * index] ?? 0),
      ),
      branchOf(
        PART.unswept,
        part((index) => shares[2 * index + 1] ?? 0),
      ),
    ])
  })
  const outside =
    unasked > 0
      ? [leaf(PART.notAsked, rest - within, othersNote(unasked, isMainKnown))]
      : outsideNodes(rest - within, readings)
  return branch(PART.v8, [...nodes, ...outside, ...beside])
}

/**
 * Memory outside the spaces of all isolates. Machine code of WebAssembly is told by what may be executed, buffers by lists
 * of V8; V8's tables are small. The rest are pages that it freed.
 */
function outsideNodes(bytes: number, { mapped, isolates, ownMapped = null }: BreakdownReadings): readonly MemoryNode[] {
  const others = isolates.slice(1)
  const codeSpaces = isolates.map(({ spaces }) => spaces.filter(({ name }) => CODE_SPACES.has(name)))
  const isCodeKnown = codeSpaces.every((spaces) => spaces.length > 0)
  const ofSpaces = codeSpaces.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const code = isCodeKnown ? mapped.v8Code - ofSpaces : 0
  const unclear =
    ownMapped === null || mapped.coarse !== null
      ? Infinity
      : others.reduce((sum, { externalBytes }) => sum + (externalBytes ?? Infinity), isCodeKnown ? 0 : mapped.v8Code)
  const { parts, left } = fill(bytes, [code, Math.min(bytes, unclear)])
  const [codeBytes = 0, unclearBytes = 0] = parts
  return [
    leaf(PART.pagePool, left, POOL_NOTE),
    ...(codeBytes > 0 ? [leaf(PART.outsideCode, codeBytes, 'of WebAssembly, mostly')] : []),
    ...(unclearBytes > 0 ? [leaf(PART.outsideSpaces, unclearBytes, OUTSIDE_NOTE)] : []),
  ]
}

const CODE_SPACES: ReadonlySet<string> = new Set(['code_space', 'code_large_object_space'])

/**
 * Memory that V8 maps beside its heaps. By address a memory is told by the addresses that it has reserved, a resizable buffer by
 * nothing; this isolate's own are known by V8's lists, those of isolates that were not asked by address alone.
 */
function besideHeaps(
  { v8, wasm: byAddress, coarse }: BreakdownReadings['mapped'],
  own: NonNullable<BreakdownReadings['ownMapped']> | null,
  hasOthers: boolean,
): { readonly wasm: number; readonly resizable: number; readonly left: number } {
  // Told apart by figures, V8's part is as much as its heaps have committed.
  if (own === null || coarse !== null) return { wasm: byAddress, resizable: 0, left: v8 }
  const wasmBytes = hasOthers ? Math.max(byAddress, own.wasmBytes) : own.wasmBytes
  const { parts, left } = fill(v8 + byAddress, [wasmBytes, own.resizableBytes])
  return { wasm: parts[0] ?? 0, resizable: parts[1] ?? 0, left }
}

function nonEmpty(name: string, bytes: number): MemoryNode[] {
  return bytes > 0 ? [leaf(name, bytes)] : []
}

function othersNote(unasked: number, isMainKnown: boolean): string {
  const whose = isMainKnown ? '' : ', the main thread among them'
  return `${formatCount(unasked)} thread${unasked === 1 ? '' : 's'}${whose}, with V8's pages outside its spaces: give their heaps as "isolates"`
}

/** How the main thread's isolate is named. */
export const MAIN_ISOLATE = 'main thread'

const POOL_NOTE = 'freed pages that V8 keeps for the next space that grows, and its tables'
const OUTSIDE_NOTE = 'such pages, or buffers and machine code of threads that do not report theirs'

function spaceOf(isolate: number, { name, sizeBytes, usedBytes, availableBytes }: HeapSpace): Space {
  // A space of large objects tells as available what the whole heap may still grow by.
  const slack = Math.max(0, Math.round(sizeBytes) - Math.round(usedBytes))
  // The other half of the young generation is empty until the next scavenge copies into it.
  const available = name === 'new_space' ? slack : Math.max(0, Math.round(availableBytes))
  const free = Math.min(slack, available)
  return { isolate, name, live: Math.max(0, Math.round(usedBytes)), free, unswept: slack - free }
}

function branchOf(name: string, parts: readonly NamedBytes[]): MemoryNode {
  return branch(
    name,
    parts.map((part) => leaf(part.name, part.bytes)),
  )
}

/** Where nothing separates V8's mappings from others: as much as its heap has committed, bounded by what is there. */
export function coarseV8Bytes(isolates: BreakdownReadings['isolates'], anonymousBytes: number): number {
  const committed = isolates.flatMap(({ spaces }) => spaces.map(({ sizeBytes }) => sizeBytes))
  return fill(anonymousBytes, committed).parts.reduce((sum, bytes) => sum + bytes, 0)
}
