/** The miscount of thread caches in jemalloc 5.0 to 5.2.1, and its upper bound; fixed in 5.3.0. */
import type { Allocator, Mallctl, MallctlType, MallctlTypes } from '../../allocator/port.js'

/** The smallest size class that has extents of its own. */
export const LARGE_LEAST_BYTES = 16_384
/** Freed blocks of one large size class that a thread keeps at most (jemalloc's TCACHE_NSLOTS_LARGE). */
const KEPT_OF_A_CLASS = 20
/** Classes up to the greatest `lg_tcache_max` there is. */
const CLASSES_MAX = 64

/** The error of a reading. */
export interface ThreadCacheError {
  /** Blocks up to this size are concerned, from {@link LARGE_LEAST_BYTES}. */
  readonly blockMostBytes: number
  /** By so much live bytes can be too large. */
  readonly mostBytes: number
}

/**
 * Null where such blocks are counted right, or none is kept. Every thread keeps some freed blocks of each class, and of
 * all threads together no more than there are.
 */
export function threadCacheError({ mallctl, version }: Allocator): ThreadCacheError | null {
  if (mallctl === null || !/^5\.[0-2]\./.test(version ?? '')) return null
  const blockMostBytes = readOrNull(mallctl, 'arenas.tcache_max', 'size_t')
  if (blockMostBytes === null || blockMostBytes < LARGE_LEAST_BYTES) return null
  const threads = readOrNull(mallctl, 'stats.arenas.4096.nthreads', 'unsigned')
  const keptMost = threads === null ? Infinity : threads * KEPT_OF_A_CLASS
  let mostBytes = 0
  for (let index = 0; index < CLASSES_MAX; index++) {
    const bytes = readOrNull(mallctl, `arenas.lextent.${String(index)}.size`, 'size_t')
    if (bytes === null || bytes > blockMostBytes) break
    const extents = readOrNull(mallctl, `stats.arenas.4096.lextents.${String(index)}.curlextents`, 'size_t')
    const kept = Math.min(keptMost, extents ?? Infinity)
    // Without statistics live bytes are unknown, too.
    if (kept !== Infinity) mostBytes += kept * bytes
  }
  return { blockMostBytes, mostBytes }
}

/** The value under a key; null where this build does not have it. */
export function readOrNull<T extends MallctlType>(mallctl: Mallctl, key: string, type: T): MallctlTypes[T] | null {
  try {
    return mallctl.read(key, type)
  } catch {
    return null
  }
}
