/**
 * The process's memory in parts that do not overlap: V8's heap, what V8 maps beside it, the allocator, the rest of RSS.
 *
 * Rule: nothing is counted twice. V8's heap is mapped by V8 itself and no part of the allocator's figures; `external`
 * and `arrayBuffers` lie in the allocator's or in what V8 maps, and are never added. What the allocator does not say is no part of its own
 * but lies in the rest, and the rest says so.
 */
import type { MemorySample } from '../../../measure/sample.js'
import { bytesAt, bytesOfAll } from '../../../report/breakdown/node.js'
import { PART } from '../../../report/breakdown/types.js'
import type { MemoryNode } from '../../../report/breakdown/types.js'

/** One part. */
export interface MemoryPart {
  readonly key:
    'heap-used' | 'heap-since' | 'heap-free' | 'mapped' | 'live' | 'tcache' | 'fragmentation' | 'spare' | 'rest'
  readonly title: string
  /** The contents, for a reader who does not know the allocator's words. */
  readonly note: string
  readonly bytes: number
}

/** The parts, and what they add up to. */
export interface MemorySplit {
  readonly parts: readonly MemoryPart[]
  readonly rssBytes: number
  /**
   * By how much the parts exceed RSS: pages that are committed but not resident (never touched, or swapped out). Zero
   * where they do not.
   */
  readonly notResidentBytes: number
}

/** Splits one sample. Parts without a byte are left out. */
export function splitMemory(sample: MemorySample): MemorySplit {
  const { heapUsedBytes, heapTotalBytes, mappedBytes, rssBytes } = sample
  const parts: MemoryPart[] = [
    {
      key: 'heap-used',
      title: 'V8 heap, used',
      note: 'JavaScript objects, code, garbage not yet collected',
      bytes: heapUsedBytes,
    },
    {
      key: 'heap-free',
      title: 'V8 heap, free',
      note: 'committed by V8 for future objects',
      bytes: heapTotalBytes - heapUsedBytes,
    },
    {
      key: 'mapped',
      title: 'WebAssembly and resizable buffers',
      note: 'mapped by V8 itself, outside its heap and the allocator',
      bytes: mappedBytes ?? 0,
    },
    ...allocatorParts(sample),
  ]
  const known = parts.filter(({ bytes }) => bytes > 0)
  const restBytes = rssBytes - known.reduce((sum, { bytes }) => sum + bytes, 0)
  const rest: MemoryPart = { key: 'rest', title: 'Rest of RSS', note: noteOfRest(sample), bytes: restBytes }
  return {
    parts: restBytes > 0 ? [...known, rest] : known,
    rssBytes,
    notResidentBytes: Math.max(0, -restBytes),
  }
}

/** The same of a breakdown's tree, which lies below it on the page: both show one reading, and add up to its RSS. */
export function splitBreakdown(root: MemoryNode): MemorySplit {
  const inV8 = root.children?.find(({ name }) => name === PART.v8)
  const v8 = (name: string): number => bytesOfAll(inV8, name)
  const native = (name: string): number => bytesAt(root, PART.allocator, name)
  const parts: MemoryPart[] = [
    { key: 'heap-used', ...usedWords(v8(PART.used) > 0), bytes: v8(PART.live) + v8(PART.used) },
    {
      key: 'heap-since',
      title: 'V8 heap, garbage or new',
      note: 'allocated since the last major collection',
      bytes: v8(PART.since),
    },
    {
      key: 'heap-free',
      title: 'V8 heap, free',
      note: 'free pages, pages kept outside the spaces',
      bytes: v8(PART.free) + v8(PART.unswept) + v8(PART.pagePool) + v8(PART.outsideSpaces),
    },
    {
      key: 'mapped',
      title: 'WebAssembly and resizable buffers',
      note: 'mapped by V8 itself, outside its heap',
      bytes: v8(PART.wasm) + v8(PART.resizable) + v8(PART.outsideCode),
    },
    {
      key: 'live',
      title: 'Allocator, live',
      note: 'Buffers, native modules, V8’s own bookkeeping',
      bytes: native(PART.live),
    },
    {
      key: 'tcache',
      title: 'Thread caches',
      note: 'freed, kept by threads for their next allocation',
      bytes: native(PART.threadCaches),
    },
    {
      key: 'fragmentation',
      title: 'Fragmentation',
      note: 'free space between live blocks of pages in use',
      bytes: native(PART.fragmentation),
    },
    {
      key: 'spare',
      title: 'Allocator, spare',
      note: 'freed pages not yet given back, the allocator’s own records, and memory that its statistics do not explain',
      bytes: native(PART.dirty) + native(PART.muzzy) + native(PART.metadata) + native(PART.unexplained),
    },
  ]
  const known = parts.filter(({ bytes }) => bytes > 0)
  const bytes = root.bytes - known.reduce((sum, part) => sum + part.bytes, 0)
  const others = v8(PART.notAsked) > 0 ? '; and the heaps of other threads' : ''
  const note = `program code, shared libraries, stacks, mapped files, shared memory, memory mapped without the allocator${others}`
  return {
    parts: bytes > 0 ? [...known, { key: 'rest', title: 'Rest of RSS', note, bytes }] : known,
    rssBytes: root.bytes,
    notResidentBytes: 0,
  }
}

function usedWords(hasGarbage: boolean): Pick<MemoryPart, 'title' | 'note'> {
  return hasGarbage
    ? { title: 'V8 heap, used', note: 'JavaScript objects, code, garbage not yet collected' }
    : { title: 'V8 heap, live', note: 'JavaScript objects and code, as the last major collection left them' }
}

function allocatorParts(sample: MemorySample): MemoryPart[] {
  const { allocatedBytes, rawAllocatedBytes, tcacheBytes, activeBytes, residentBytes } = sample
  const parts: MemoryPart[] = []
  const add = (key: MemoryPart['key'], title: string, note: string, bytes: number): number =>
    parts.push({ key, title, note, bytes })
  if (allocatedBytes !== null)
    add('live', 'Allocator, live', 'Buffers, native modules, V8’s own bookkeeping', allocatedBytes)
  if (tcacheBytes !== null)
    add('tcache', 'Thread caches', 'freed, kept by threads for their next allocation', tcacheBytes)
  if (activeBytes !== null && rawAllocatedBytes !== null) {
    add(
      'fragmentation',
      'Fragmentation',
      'free space between live blocks of pages in use',
      activeBytes - rawAllocatedBytes,
    )
  }
  if (residentBytes !== null && activeBytes !== null) {
    add(
      'spare',
      'Allocator, spare',
      'freed pages not yet given back, and the allocator’s own records',
      residentBytes - activeBytes,
    )
  }
  return parts
}

function noteOfRest({ allocatedBytes, activeBytes, residentBytes }: MemorySample): string {
  const always = 'program code, shared libraries, stacks, mapped files'
  if (allocatedBytes === null) return `${always}; and all allocated memory, because there are no allocator statistics`
  if (activeBytes === null || residentBytes === null)
    return `${always}; and fragmentation, which this allocator does not report`
  return always
}
