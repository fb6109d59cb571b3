/**
 * Bytes that a jemalloc counts wrongly, and that cannot be taken off: every report that rests on them says so.
 *
 * Rule: the state is read from the allocator at each run, never remembered.
 */
import type { Allocator, Mallctl } from '../../allocator/port.js'
import type { MemorySample } from '../../measure/sample.js'
import type { ReportWarning } from '../../report/types.js'
import { formatBytes } from '../../support/units.js'
import { LARGE_LEAST_BYTES, readOrNull, threadCacheError } from './thread-cache-error.js'

/** The warnings of an allocator at the time of `sample`. */
export function allocatorWarnings(allocator: Allocator, sample: MemorySample): ReportWarning[] {
  const { mallctl } = allocator
  if (mallctl === null) return []
  return [...(sample.overcountBytes === null ? profilerOvercount(mallctl, sample) : []), ...tcacheMiscounted(allocator)]
}

/**
 * How many bytes lie between two samples of the profiler on average, at the start of the process or now, whichever is
 * less; null where it tells neither.
 */
export function sampleBytes({ mallctl }: Allocator): number | null {
  if (mallctl === null) return null
  const levels = ['opt.lg_prof_sample', 'prof.lg_sample'].flatMap((key) => readOrNull(mallctl, key, 'size_t') ?? [])
  return levels.length === 0 ? null : 2 ** Math.min(...levels)
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
      message: `jemalloc's profiler gives each small block that it samples 16 KiB, and does not report how many: live bytes, the floor and rows of a release in this process may be too large by up to ${formatBytes(most)} (factor ${factor} of all live bytes); the ± of such a row has what it can be of it. Rows of a twin are right; to have all right, start with prof_stats:true in MALLOC_CONF`,
    },
  ]
}

function tcacheMiscounted(allocator: Allocator): ReportWarning[] {
  const error = threadCacheError(allocator)
  if (error === null) return []
  const version = allocator.version?.split('-', 1)[0] ?? ''
  return [
    {
      code: 'WARN_TCACHE_MISCOUNTED',
      message: `jemalloc ${version} counts freed blocks of ${formatBytes(LARGE_LEAST_BYTES)} to ${formatBytes(error.blockMostBytes)} in thread caches too small: live bytes, the floor and rows of a release in this process err by what threads keep of them, now ${formatBytes(error.mostBytes)} at most; the ± of such a row has it. Rows of a twin are right; to have all right, start with lg_tcache_max:13 in MALLOC_CONF, or use jemalloc 5.3`,
    },
  ]
}
