/** The memory of this process that is kept from forks (MADV_DONTFORK), as the kernel lists it. */
import { processFiles } from './internals/breakdown.js'
import type { MemoryMapping } from './internals/breakdown.js'

/** Its mappings. */
export function mappings(): readonly MemoryMapping[] {
  return processFiles('self').mappings()
}

/** Bytes of address space that are kept from forks. */
export function keptBytes(of: readonly MemoryMapping[] = mappings()): number {
  return of.filter(isKept).reduce((sum, { start, end }) => sum + end - start, 0)
}

/**
 * Bytes that were kept from forks and are not any more, though still mapped. None is what a twin should leave; a page that
 * V8 has unmapped meanwhile, and somebody else mapped at its place, counts as well.
 */
export function lostBytes(before: readonly MemoryMapping[], after: readonly MemoryMapping[] = mappings()): number {
  const given = after.filter((mapping) => !isKept(mapping))
  return before.filter(isKept).reduce((sum, { start, end }) => {
    const shared = given.map((now) => Math.max(0, Math.min(end, now.end) - Math.max(start, now.start)))
    return sum + shared.reduce((bytes, more) => bytes + more, 0)
  }, 0)
}

function isKept({ flags }: MemoryMapping): boolean {
  return flags?.isKeptFromForks === true
}
