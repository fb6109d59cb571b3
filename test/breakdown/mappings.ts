/** Mappings out of literals. */
import type { MappingContext, MemoryMapping, MappingFlags } from '../helpers/internals/breakdown.js'

export const KIB = 1024
export const MIB = 1024 * KIB

/** A mapping of so many bytes at an address; wholly resident unless said. */
export function mapping(
  start: number,
  bytes: number,
  more: Partial<MemoryMapping> & { marks?: string } = {},
): MemoryMapping {
  const { marks, ...rest } = more
  return {
    start,
    end: start + bytes,
    perms: 'rw-p',
    inode: 0,
    path: '',
    rssBytes: bytes,
    swapBytes: 0,
    flags: marks === undefined ? flags('') : flags(marks),
    ...rest,
  }
}

/** `dc nr` as VmFlags shows them. */
export function flags(marks: string): MappingFlags {
  return {
    isKeptFromForks: marks.includes('dc'),
    isUnreserved: marks.includes('nr'),
    isWithoutHugePages: marks.includes('nh'),
  }
}

export const GUARD = { perms: '---p', rssBytes: 0 }

/** A process under jemalloc of which nothing else is known. */
export function surroundings(more: Partial<MappingContext> = {}): MappingContext {
  return {
    allocator: 'jemalloc',
    stackPointers: [],
    defaultStackBytes: 8 * MIB,
    workerThreads: null,
    threads: 1,
    isHeapCaged: false,
    wordAt: () => 0n,
    ...more,
  }
}

/** The form of a page of V8's heap, without which nothing is told by flags. */
export const V8_PAGE = mapping(0x1000_0000, 256 * KIB, { marks: 'dc nr' })
