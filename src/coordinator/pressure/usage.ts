/**
 * The usage that a release under pressure watches, with its limit.
 *
 * Rule: one reading costs microseconds, and limits are read each time: they may change. A file that cannot be read is no limit.
 */
import { groupLimits, memoryLimit } from '../../support/control-groups.js'
import type { Environment } from '../../support/environment.js'
import { readText } from '../../support/read-text.js'
import type { PressureUsage } from './types.js'

/** Reads the usage now; null where there is no limit. */
export type ReadUsage = () => PressureUsage | null

/**
 * Of a limit in bytes the resident memory of this process. Else the control group that is nearest to its limit, without the pages of
 * files that are given up first. Else the machine.
 */
export function usageReader(
  limitBytes: number | undefined,
  environment: Pick<Environment, 'figures'>,
  read: (path: string) => string | null = readText,
): ReadUsage {
  const resident = (what: string, limit: number): PressureUsage => ({
    what,
    usedBytes: environment.figures().rssBytes,
    limitBytes: limit,
  })
  if (limitBytes !== undefined) return () => resident('the given limit', limitBytes)
  return () => {
    const nearest = groupLimits(read)
      .map((group): PressureUsage => ({
        what: `the memory limit of ${group.folder}`,
        usedBytes: Math.max(0, group.usageBytes - group.inactiveFileBytes),
        limitBytes: group.limitBytes,
      }))
      .toSorted((a, b) => b.usedBytes / b.limitBytes - a.usedBytes / a.limitBytes)[0]
    if (nearest !== undefined) return nearest
    // A control group that is mounted elsewhere tells its limit through libuv alone.
    const limit = memoryLimit(read)
    return limit === null ? machine(read) : resident('the memory limit of this process', limit)
  }
}

function machine(read: (path: string) => string | null): PressureUsage | null {
  const text = read('/proc/meminfo') ?? ''
  const [total, available] = ['MemTotal', 'MemAvailable'].map(
    (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? NaN) * 1024,
  )
  if (total === undefined || available === undefined || Number.isNaN(total - available)) return null
  return { what: "the machine's memory", usedBytes: total - available, limitBytes: total }
}
