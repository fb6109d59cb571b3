/**
 * Memory limits of control groups, of either version: the process's own and all above it, each of which may have one; and
 * what the kernel does to a group of which it kills a process.
 *
 * Rule: what cannot be read is no limit; files are read at each call, since limits change while a process runs.
 */

import { readText } from './read-text.js'

/** A memory limit that this process counts against. */
export interface GroupLimit {
  /** Folder of the control group. */
  readonly folder: string
  readonly limitBytes: number
  readonly usageBytes: number
  /** Pages of files that nobody used lately: they are given up before anything is refused. */
  readonly inactiveFileBytes: number
}

/** Above this a limit is none: version 1 writes nearly 2^63. */
const LIMIT_MAX = 2 ** 60

/**
 * The memory limit of this process: the least of its control groups' and of those above them; null where there is none. The one
 * answer for metrics, forecasts, the endpoint and growth monitors.
 */
export function memoryLimit(read: (path: string) => string | null = readText): number | null {
  const limits = groupLimits(read).map(({ limitBytes }) => limitBytes)
  if (limits.length > 0) return Math.min(...limits)
  // Where control groups are mounted elsewhere libuv may find one; 0 or enormous where there is none.
  const limit = read === readText ? process.constrainedMemory() : 0
  return limit > 0 && limit < LIMIT_MAX ? limit : null
}

/** From the process's own group up to the root. `read` gives a file's text, or null. */
export function groupLimits(read: (path: string) => string | null): GroupLimit[] {
  return memoryGroups(read).flatMap(({ folder, isV2 }) => groupLimit(folder, isV2, read) ?? [])
}

/** Whether the kernel, where it kills one process of this group for its memory, kills all of them (`memory.oom.group`). */
export function isKilledAsGroup(read: (path: string) => string | null): boolean {
  return memoryGroups(read).some(({ folder, isV2 }) => isV2 && read(`${folder}/memory.oom.group`)?.trim() === '1')
}

interface MemoryGroup {
  readonly folder: string
  readonly isV2: boolean
}

function memoryGroups(read: (path: string) => string | null): MemoryGroup[] {
  const found: MemoryGroup[] = []
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    const isV2 = controllers === ''
    if (path === '' || (!isV2 && !controllers.split(',').includes('memory'))) continue
    const root = isV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
    // In a container the own group is mounted as the root, and the path leads nowhere: then the root alone is read.
    for (let group = path; ; group = group.slice(0, group.lastIndexOf('/'))) {
      found.push({ folder: `${root}${group === '/' ? '' : group}`, isV2 })
      if (group === '' || group === '/') break
    }
  }
  return found
}

function groupLimit(folder: string, isV2: boolean, read: (path: string) => string | null): GroupLimit | null {
  const [limitFile, usageFile] = isV2
    ? ['memory.max', 'memory.current']
    : ['memory.limit_in_bytes', 'memory.usage_in_bytes']
  // "max" is no number.
  const numberIn = (file: string): number => Number.parseInt(read(`${folder}/${file}`) ?? '', 10)
  const usageBytes = numberIn(usageFile)
  if (Number.isNaN(usageBytes)) return null
  const statistics = read(`${folder}/memory.stat`) ?? ''
  const statistic = (name: RegExp): number => Number(name.exec(statistics)?.[1] ?? NaN)
  // Version 1 tells the least limit of this group and of all above it, those that a container cannot see included.
  const hierarchical = isV2 ? NaN : statistic(/^hierarchical_memory_limit (\d+)$/m)
  const limits = [numberIn(limitFile), hierarchical].filter((limit) => limit <= LIMIT_MAX)
  if (limits.length === 0) return null
  const inactive = statistic(/^(?:total_)?inactive_file (\d+)$/m)
  const inactiveFileBytes = Number.isNaN(inactive) ? 0 : inactive
  return { folder, limitBytes: Math.min(...limits), usageBytes, inactiveFileBytes }
}
