/**
 * V8's part of the tree: what its mappings have resident, divided as its isolates tell.
 *
 * Rule: live objects are resident and come first; what a space has committed beyond them may never have been touched, so
 * that free memory is only what is left of the mappings, and no more than the spaces have.
 */
import { formatBytes, formatCount } from '../../support/units.js'
import { branch, leaf } from './node.js'
import { fill, fitInto, shareOut } from './share.js'
import { PART } from './types.js'
import type { BreakdownReadings, CacheBytes, HeapSpace, MemoryNode } from './types.js'

interface Space {
  readonly isolate: number
  readonly name: string
  readonly live: number
  /** On free lists, and what a semi-space has left: V8 can use it at once. */
  readonly free: number
  /** The rest of its pages: dead objects that were not swept yet, headers, what alignment takes. */
  readonly unswept: number
}

/** The node of V8's heap. */
export function v8Node({ mapped, isolates, caches, ownMapped = null }: BreakdownReadings): MemoryNode {
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
  // What the known isolates have committed is theirs; only what lies beyond can be another's.
  const within = Math.min(rest, slackBytes)
  const shares = slackBytes === 0 ? slack : shareOut(within, slack)
  const nodes = isolates.map(({ name }, isolate) => {
    const own = spaces.flatMap((space, index) => (space.isolate === isolate ? [index] : []))
    const part = (of: (index: number) => number): { name: string; bytes: number }[] =>
      own.map((index) => ({ name: spaces[index]?.name ?? '', bytes: of(index) })).filter(({ bytes }) => bytes > 0)
    const bySpace = part((index) => live[index] ?? 0)
    return branch(name, [
      isolate === 0 && caches !== null ? liveByCache(bySpace, caches) : branchOf(PART.live, bySpace, GARBAGE_NOTE),
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
  return branch(PART.v8, [
    ...nodes,
    unasked > 0
      ? leaf(PART.notAsked, rest - within, othersNote(unasked, isMainKnown))
      : leaf(PART.outsideSpaces, rest - within, OUTSIDE_NOTE),
    ...beside,
  ])
}

/**
 * What V8 maps beside its heaps. By address a memory is told by the addresses that it has reserved, a resizable buffer by
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

const OUTSIDE_NOTE = 'pages that V8 freed and keeps for the next space that grows; tables, code ranges'
const GARBAGE_NOTE = 'garbage since the last major collection included'

function spaceOf(isolate: number, { name, sizeBytes, usedBytes, availableBytes }: HeapSpace): Space {
  // A space of large objects tells as available what the whole heap may still grow by.
  const slack = Math.max(0, Math.round(sizeBytes) - Math.round(usedBytes))
  // The other half of the young generation is empty until the next scavenge copies into it.
  const available = name === 'new_space' ? slack : Math.max(0, Math.round(availableBytes))
  const free = Math.min(slack, available)
  return { isolate, name, live: Math.max(0, Math.round(usedBytes)), free, unswept: slack - free }
}

function branchOf(
  name: string,
  parts: readonly { readonly name: string; readonly bytes: number }[],
  note?: string,
): MemoryNode {
  return branch(
    name,
    parts.map((part) => leaf(part.name, part.bytes)),
    note,
  )
}

function liveByCache(bySpace: readonly { name: string; bytes: number }[], caches: readonly CacheBytes[]): MemoryNode {
  const bytes = bySpace.reduce((sum, space) => sum + space.bytes, 0)
  const note = [GARBAGE_NOTE, ...bySpace.map((space) => `${space.name} ${formatBytes(space.bytes)}`)].join(', ')
  return byCache(bytes, caches, ({ heapBytes }) => heapBytes, note)
}

/** Live bytes as the caches hold them, and what none of them does. */
export function byCache(
  bytes: number,
  caches: readonly CacheBytes[],
  of: (cache: CacheBytes) => number | null,
  note?: string,
): MemoryNode {
  const known = caches.filter((cache) => (of(cache) ?? 0) > 0)
  const { parts, left, isCut } = fitInto(
    bytes,
    known.map((cache) => of(cache) ?? 0),
  )
  const cut = isCut ? 'the caches are estimated to hold more than is resident: cut in proportion' : undefined
  const notes = [note, cut].filter((text) => text !== undefined && text !== '')
  return branch(
    PART.live,
    [...known.map(({ name }, index) => leaf(`cache ${name}`, parts[index] ?? 0)), leaf(PART.inNoCache, left)],
    notes.length === 0 ? undefined : notes.join('; '),
  )
}

/** Where nothing tells V8's mappings from others: as much as its heap has committed, bounded by what is there. */
export function coarseV8Bytes(isolates: BreakdownReadings['isolates'], anonymousBytes: number): number {
  const committed = isolates.flatMap(({ spaces }) => spaces.map(({ sizeBytes }) => sizeBytes))
  return fill(anonymousBytes, committed).parts.reduce((sum, bytes) => sum + bytes, 0)
}
