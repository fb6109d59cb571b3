/**
 * Memory for a twin: what it will copy, and what is left for it.
 *
 * Rule: the estimate is an upper bound, so that a service near its limit is refused and not killed. A child shares every
 * page until one of the two writes to it: its collections write into the JavaScript heap and little else, this process
 * writes into what it works on.
 */
import v8 from 'node:v8'
import { addonOrNull } from '../allocator/binding.js'
import { CoordinatorError } from '../support/errors.js'
import { formatBytes } from '../support/units.js'
import { readText } from './read-text.js'

const MIB = 1024 * 1024
/** What any Node process copies: the young generation, stacks, the allocator's own pages. */
const LEAST_COPIED_BYTES = 64 * MIB
/** A later twin may copy more than the largest so far. */
const MARGIN = 1.5

/** Largest share of the heap that a twin of this process has copied, with what it copied beside. */
let worstSeen = { copiedBytes: 0, heapBytes: 1 }

/** Most bytes that a twin made now will have for itself. */
export function estimateCopiedBytes(heapTotalBytes = v8.getHeapStatistics().total_heap_size): number {
  if (worstSeen.copiedBytes === 0) return heapTotalBytes + writtenByFree() + LEAST_COPIED_BYTES
  const growth = Math.max(1, heapTotalBytes / worstSeen.heapBytes)
  return Math.round(MARGIN * worstSeen.copiedBytes * growth + LEAST_COPIED_BYTES)
}

/** glibc's free() writes into what it frees, so every page of a released Buffer may be copied; jemalloc's does not. */
function writtenByFree(): number {
  return addonOrNull()?.facts().mallctlPrefix == null ? process.memoryUsage().external : 0
}

/** A twin has ended: what it copied tells about the next. */
export function noteCopiedBytes(copiedBytes: number, heapTotalBytes: number): void {
  if (copiedBytes > worstSeen.copiedBytes) worstSeen = { copiedBytes, heapBytes: heapTotalBytes }
}

/**
 * Refuses where the estimate, and `extraBytes` that are allocated in the twin, do not fit into what is left.
 *
 * @throws CoordinatorError `ERR_TWIN_MEMORY`
 */
export function checkHeadroom(extraBytes = 0, read: (path: string) => string | null = readText): void {
  const neededBytes = estimateCopiedBytes() + extraBytes
  for (const { what, bytes } of headrooms(read)) {
    if (bytes >= neededBytes) continue
    throw new CoordinatorError(
      'ERR_TWIN_MEMORY',
      `a twin may need up to ${formatBytes(neededBytes)}, and ${formatBytes(bytes)} are left of ${what}`,
    )
  }
}

/** What is left of a limit. */
export interface Headroom {
  readonly what: string
  readonly bytes: number
}

/** What is left: of the machine's memory, and of every control group that this process is in. */
export function headrooms(read: (path: string) => string | null = readText): Headroom[] {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1]
  return [
    ...(available === undefined ? [] : [{ what: "the machine's memory", bytes: Number(available) * 1024 }]),
    ...groupHeadrooms(read),
  ]
}

/** Control groups of either version, from the process's own up to the root: each may have a limit. */
function groupHeadrooms(read: (path: string) => string | null): Headroom[] {
  const found: Headroom[] = []
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    const isV2 = controllers === ''
    if (path === '' || (!isV2 && !controllers.split(',').includes('memory'))) continue
    const root = isV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
    // In a container the own group is mounted as the root, and the path leads nowhere: then the root alone is read.
    for (let group = path; ; group = group.slice(0, group.lastIndexOf('/'))) {
      const headroom = groupHeadroom(`${root}${group === '/' ? '' : group}`, isV2, read)
      if (headroom !== null) found.push(headroom)
      if (group === '' || group === '/') break
    }
  }
  return found
}

function groupHeadroom(folder: string, isV2: boolean, read: (path: string) => string | null): Headroom | null {
  const [limitFile, usageFile] = isV2
    ? ['memory.max', 'memory.current']
    : ['memory.limit_in_bytes', 'memory.usage_in_bytes']
  const [limit, usage] = [limitFile, usageFile].map((file) => Number.parseInt(read(`${folder}/${file}`) ?? '', 10))
  // "max" is no number; version 1 writes nearly 2^63 for no limit.
  if (limit === undefined || usage === undefined || Number.isNaN(limit + usage) || limit > 2 ** 60) return null
  // Pages of files that nobody used lately are given up before anything is refused.
  const inactive = /^(?:total_)?inactive_file (\d+)$/m.exec(read(`${folder}/memory.stat`) ?? '')?.[1] ?? '0'
  return { what: `the memory limit of ${folder}`, bytes: Math.max(0, limit - usage + Number(inactive)) }
}
