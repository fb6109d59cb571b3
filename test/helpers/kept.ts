/** What of this process is kept from forks (MADV_DONTFORK), as the kernel lists it. */
import { processFiles } from '../../src/breakdown/kernel.js'
import type { Mapping } from '../../src/breakdown/smaps.js'

/** Its mappings. */
export function mappings(): readonly Mapping[] {
  return processFiles('self').mappings()
}

/** Bytes of address space that are kept from forks. */
export function keptBytes(of: readonly Mapping[] = mappings()): number {
  return of.reduce((sum, { start, end, flags }) => sum + (flags?.isKeptFromForks === true ? end - start : 0), 0)
}
