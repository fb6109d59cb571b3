/**
 * Memory for a twin: what it will copy, and what is left for it.
 *
 * Rule: the estimate is an upper bound, so that a service near its limit is refused and not killed. A child shares every
 * page until one of the two writes to it: its collections write into the JavaScript heap and little else, this process
 * writes into what it works on.
 */
import v8 from 'node:v8'
import { addonOrNull } from '../allocator/binding.js'
import { groupLimits, isKilledAsGroup } from '../support/control-groups.js'
import { CacheAttributionError } from '../support/errors.js'
import { formatBytes } from '../support/units.js'
import { readText } from '../support/read-text.js'

const MIB = 1024 * 1024
/** The pages that any Node process copies: the young generation, stacks, the allocator's own pages. */
const LEAST_COPIED_BYTES = 64 * MIB
/** A later twin may copy more than the largest so far. */
const MARGIN = 1.5

/** The most that a twin of this process copied, the heap that it had, and what free() might have written into. */
let worstSeen: { readonly copiedBytes: number; readonly heapBytes: number; readonly freedBytes: number } | null = null

/** Most bytes that a twin made now will have for itself. */
export function estimateCopiedBytes(heapTotalBytes = v8.getHeapStatistics().total_heap_size): number {
  if (worstSeen === null) return heapTotalBytes + writtenByFree() + LEAST_COPIED_BYTES
  const growth = Math.max(1, heapTotalBytes / worstSeen.heapBytes)
  const freed = Math.max(0, writtenByFree() - worstSeen.freedBytes)
  return Math.round(MARGIN * worstSeen.copiedBytes * growth + freed + LEAST_COPIED_BYTES)
}

/** glibc's free() writes into what it frees, so every page of a released Buffer may be copied; jemalloc's does not. */
function writtenByFree(): number {
  return addonOrNull()?.facts().mallctlPrefix == null ? v8.getHeapStatistics().external_memory : 0
}

/** A twin that collected its whole heap, and allocated nothing beside, has ended: what it copied tells about the next. */
export function noteCopiedBytes(copiedBytes: number, heapTotalBytes: number): void {
  if (worstSeen !== null && copiedBytes <= worstSeen.copiedBytes) return
  worstSeen = { copiedBytes, heapBytes: heapTotalBytes, freedBytes: writtenByFree() }
}

/** A twin was killed, most likely for its memory: what was seen of others is no bound. */
export function forgetCopiedBytes(): void {
  worstSeen = null
}

/**
 * Refuses where the estimate, and `extraBytes` that are allocated in the twin, do not fit into what is left.
 *
 * @throws CacheAttributionError `ERR_TWIN_MEMORY`
 */
export function checkHeadroom(extraBytes = 0, read: (path: string) => string | null = readText): void {
  const problem = headroomProblem(estimateCopiedBytes() + extraBytes, 'a twin', read)
  if (problem !== null) throw new CacheAttributionError('ERR_TWIN_MEMORY', problem)
}

/** Why this many more bytes would not fit, in words; null if they do. */
export function headroomProblem(
  neededBytes: number,
  what: string,
  read: (path: string) => string | null = readText,
): string | null {
  const least = headrooms(read).find(({ bytes }) => bytes < neededBytes)
  if (least === undefined) return null
  return `${what} may need up to ${formatBytes(neededBytes)}, and ${formatBytes(least.bytes)} are left of ${least.what}`
}

/**
 * Whether a twin may be the first that the kernel kills when memory is short. Not where that takes the service along: in a
 * control group that is killed as a whole (Kubernetes makes such ones), and in a unit of systemd, which by default stops a
 * unit of which a process was killed for its memory (`OOMPolicy=stop`; nothing in the process tells another policy).
 */
export function mayDieFirst(
  read: (path: string) => string | null = readText,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return environment['INVOCATION_ID'] === undefined && !isKilledAsGroup(read)
}

/** The rest of a limit. */
export interface Headroom {
  readonly what: string
  readonly bytes: number
}

/** The rest: of the machine's memory, and of every control group that this process is in. */
export function headrooms(read: (path: string) => string | null = readText): Headroom[] {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1]
  return [
    ...(available === undefined ? [] : [{ what: "the machine's memory", bytes: Number(available) * 1024 }]),
    ...groupLimits(read).map(({ folder, limitBytes, usageBytes, inactiveFileBytes }) => ({
      what: `the memory limit of ${folder}`,
      bytes: Math.max(0, limitBytes - usageBytes + inactiveFileBytes),
    })),
  ]
}
