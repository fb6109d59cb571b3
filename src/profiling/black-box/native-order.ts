/** What the addon gets as lists, in its order (native/black-box-addon.c, native/black-box-figures.h). */
import type { AllocatorName } from '../../allocator/port.js'
import { groupLimits } from '../../support/control-groups.js'
import { readText } from '../../support/read-text.js'

/** Settings of the thread. */
export interface ThreadSettings {
  readonly intervalMs: number
  readonly slowEvery: number
  readonly asksBlocked: boolean
  readonly watchesHeapLimit: boolean
  readonly allocator: AllocatorName
  readonly limit: number | undefined
  readonly nearLimit: number
}

const ALLOCATORS: Readonly<Record<AllocatorName, number>> = { unavailable: 0, jemalloc: 1, glibc: 2 }

/** The control group whose limit is the least. */
interface WatchedGroup {
  readonly isV2: boolean
  readonly files: readonly string[]
}

/** `enum number` of the addon. */
export function numbersOf(settings: ThreadSettings, { isV2 }: WatchedGroup): Float64Array {
  return Float64Array.of(
    settings.intervalMs,
    settings.slowEvery,
    Number(settings.asksBlocked),
    Number(settings.watchesHeapLimit),
    ALLOCATORS[settings.allocator],
    Number(isV2),
    settings.limit ?? NaN,
    settings.nearLimit,
  )
}

/** Without a limit anywhere the machine's own memory is what can end. */
export function watchedGroup(read: (path: string) => string | null = readText): WatchedGroup {
  const [least] = groupLimits(read).toSorted((a, b) => a.limitBytes - b.limitBytes)
  if (least === undefined) return { isV2: true, files: ['', '', '', '', '/proc/pressure/memory'] }
  const { folder } = least
  const isV2 = read(`${folder}/memory.current`) !== null
  const names = isV2
    ? ['memory.current', 'memory.max', 'memory.stat', 'memory.events', 'memory.pressure']
    : ['memory.usage_in_bytes', 'memory.limit_in_bytes', 'memory.stat', 'memory.failcnt']
  const files = names.map((name) => `${folder}/${name}`)
  return { isV2, files: isV2 ? files : [...files, '/proc/pressure/memory'] }
}
