/**
 * The memory that a profile of all memory lacks, in words: nobody need ask why it is less than `ps` says.
 *
 * Rule: figures of one instant, each said with what it counts; what cannot be read is left out.
 */
import type { MemorySample } from '../../measure/sample.js'
import { formatBytes } from '../../support/units.js'

/** Two sentences. Pure. */
export function residentFacts(sample: MemorySample, profiledBytes: number): string[] {
  const { rssBytes, rawAllocatedBytes, activeBytes, residentBytes, heapUsedBytes, heapTotalBytes } = sample
  const free = residentBytes === null || activeBytes === null ? null : residentBytes - activeBytes
  const missing = [
    rawAllocatedBytes === null
      ? null
      : `native memory from before (jemalloc has handed out ${formatBytes(rawAllocatedBytes)} in all)`,
    `objects from before and free room in V8’s heap (${formatBytes(heapUsedBytes)} used of ${formatBytes(heapTotalBytes)}, of this thread)`,
    free === null ? null : `jemalloc’s free pages and own structures (${formatBytes(free)})`,
    'code, stacks and other mappings',
  ].filter((part) => part !== null)
  return [
    `This profile has ${formatBytes(profiledBytes)}: what was allocated while memory was sampled, and lives. RSS is ${formatBytes(rssBytes)}, which does not count memory that was never written.`,
    `It does not have ${missing.slice(0, -1).join(', ')}, and ${missing.at(-1) ?? ''}.`,
  ]
}
