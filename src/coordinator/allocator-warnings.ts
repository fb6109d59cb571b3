/**
 * What a jemalloc counts that is not so, and cannot be taken off: said in every report that rests on it.
 *
 * Rule: the state is read from the allocator at each run, never remembered.
 */
import type { Allocator, Mallctl, MallctlType, MallctlTypes } from '../allocator/port.js'
import type { MemorySample } from '../measure/sample.js'
import type { ReportWarning } from '../report/types.js'
import { formatBytes } from '../support/units.js'

/** The smallest size class that has extents of its own, to which the profiler promotes what it samples. */
const LARGE_LEAST_BYTES = 16_384

/** The warnings of an allocator at the time of `sample`. */
export function allocatorWarnings({ mallctl, version }: Allocator, sample: MemorySample): ReportWarning[] {
  if (mallctl === null) return []
  return [
    ...(sample.overcountBytes === null ? profilerOvercount(mallctl, sample) : []),
    ...(miscountsLargeRegions(version) ? tcacheMiscounted(mallctl, version ?? '') : []),
  ]
}

/** Every block that the profiler promoted lies in an extent of 16 KiB, and so do all blocks that are of that size. */
function profilerOvercount(mallctl: Mallctl, { allocatedBytes }: MemorySample): ReportWarning[] {
  const extents = readOrNull(mallctl, 'stats.arenas.4096.lextents.0.curlextents', 'size_t')
  if (extents === null || extents === 0 || allocatedBytes === null) return []
  const most = extents * LARGE_LEAST_BYTES
  const factor = (allocatedBytes / Math.max(1, allocatedBytes - most)).toFixed(2)
  return [
    {
      code: 'WARN_PROFILER_OVERCOUNT',
      message: `jemalloc's profiler gives each small block that it samples 16 KiB, and does not tell how many: live bytes, the floor and rows of a release in this process may be too large by up to ${formatBytes(most)} (factor ${factor} of all live bytes). Rows of a twin are right; to have all right, start with prof_stats:true in MALLOC_CONF`,
    },
  ]
}

/** jemalloc 5.0 to 5.2.1; mended in 5.3.0. */
function miscountsLargeRegions(version: string | null): boolean {
  return /^5\.[0-2]\./.test(version ?? '')
}

function tcacheMiscounted(mallctl: Mallctl, version: string): ReportWarning[] {
  const cachedMost = readOrNull(mallctl, 'arenas.tcache_max', 'size_t')
  if (cachedMost === null || cachedMost < LARGE_LEAST_BYTES) return []
  return [
    {
      code: 'WARN_TCACHE_MISCOUNTED',
      message: `jemalloc ${version.split('-', 1)[0] ?? ''} counts freed blocks of ${formatBytes(LARGE_LEAST_BYTES)} to ${formatBytes(cachedMost)} in thread caches too small: live bytes, the floor and rows of a release in this process err by what threads keep of them. Rows of a twin are right; to have all right, start with lg_tcache_max:13 in MALLOC_CONF, or use jemalloc 5.3`,
    },
  ]
}

function readOrNull<T extends MallctlType>(mallctl: Mallctl, key: string, type: T): MallctlTypes[T] | null {
  try {
    return mallctl.read(key, type)
  } catch {
    return null
  }
}
