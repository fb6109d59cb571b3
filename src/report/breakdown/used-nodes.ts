/**
 * The live part of an isolate's or an allocator's memory, and which caches hold it.
 *
 * Rule: V8 knows what lives at the end of a major collection alone. What is used beyond that was allocated since, and is
 * garbage or new: only the next collection tells. What caches hold lives, whenever it was allocated.
 */
import { formatBytes, formatMs } from '../../support/units.js'
import { branch, leaf } from './node.js'
import { fitInto } from './share.js'
import { PART } from './types.js'
import type { CacheBytes, IsolateHeap, MemoryNode, NamedBytes } from './types.js'

const USED_NOTE = 'no major collection was seen that would separate them'
const SINCE_NOTE = 'garbage or new: the next major collection shows which'

/** The used part of an isolate, as far as it is resident: live, and allocated since; where that is not known, both as one. */
export function usedNodes(
  bySpace: readonly NamedBytes[],
  caches: readonly CacheBytes[] | null,
  lastMajorGc: IsolateHeap['lastMajorGc'],
): readonly MemoryNode[] {
  const bytes = bySpace.reduce((sum, space) => sum + space.bytes, 0)
  const spaces = bySpace.map((space) => `${space.name} ${formatBytes(space.bytes)}`).join(', ')
  if (lastMajorGc == null) {
    const note = caches === null ? USED_NOTE : `${USED_NOTE}; ${spaces}`
    if (caches !== null) return [byCache(bytes, caches, ofHeap, { name: PART.used, note })]
    return [branch(PART.used, bySpace.map(asLeaf), note)]
  }
  const { parts } = fitInto(
    bytes,
    (caches ?? []).map((cache) => ofHeap(cache) ?? 0),
  )
  const cached = parts.reduce((sum, part) => sum + part, 0)
  const live = Math.min(bytes, Math.max(cached, Math.round(lastMajorGc.usedBytes)))
  const note = `at the last major collection, ${ageText(lastMajorGc.ageMs)} ago`
  const since = `${SINCE_NOTE}; used in all: ${spaces}`
  return [
    caches === null ? leaf(PART.live, live, note) : byCache(live, caches, ofHeap, { note }),
    leaf(PART.since, bytes - live, since),
  ]
}

/** Live bytes as the caches hold them, and what none of them does. */
export function byCache(
  bytes: number,
  caches: readonly CacheBytes[],
  of: (cache: CacheBytes) => number | null,
  { name = PART.live, note }: { readonly name?: string; readonly note?: string | undefined } = {},
): MemoryNode {
  const known = caches.filter((cache) => (of(cache) ?? 0) > 0)
  const { parts, left, isCut } = fitInto(
    bytes,
    known.map((cache) => of(cache) ?? 0),
  )
  const cut = isCut ? 'the caches are estimated to hold more than is resident: cut in proportion' : undefined
  const notes = [note, cut].filter((text) => text !== undefined && text !== '')
  return branch(
    name,
    [...known.map((cache, index) => leaf(`cache ${cache.name}`, parts[index] ?? 0)), leaf(PART.inNoCache, left)],
    notes.length === 0 ? undefined : notes.join('; '),
  )
}

function ageText(ageMs: number): string {
  if (ageMs < 2 * MINUTE_MS) return formatMs(ageMs)
  return ageMs < 120 * MINUTE_MS
    ? `${String(Math.round(ageMs / MINUTE_MS))} min`
    : `${(ageMs / MINUTE_MS / 60).toFixed(1)} h`
}

const MINUTE_MS = 60_000

function ofHeap({ heapBytes }: CacheBytes): number | null {
  return heapBytes
}

function asLeaf({ name, bytes }: NamedBytes): MemoryNode {
  return leaf(name, bytes)
}
