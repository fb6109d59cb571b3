/**
 * What V8 does for major GCs, by its own notices.
 *
 * Rule: no flag is touched. Switching `incremental-marking` off would switch `concurrent-marking` off with it (Node 20,
 * 22), and a marking that is under way then meets objects that have moved: V8 crashes.
 */
import { PerformanceObserver, constants, performance } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import v8 from 'node:v8'
import type { GCProfilerResult } from 'node:v8'

/** What V8 did for a major GC since the look before: nothing, marking that is still under way, or all of one. */
export type MajorGcProgress = 'none' | 'marking' | 'collected'

/** Looks at V8's major GCs; what one has told, the next does not tell again. */
export interface MajorGcWatch {
  /** A marking that is under way is told by every look until a major GC has ended it. */
  look(): MajorGcProgress
  /** Ends the watch; more than once is as good as once. */
  end(): void
}

/** V8 between two major GCs. */
export interface BetweenMajorGcs {
  /** Since when, in milliseconds: its threads may sweep for a while after the end of the one before. */
  readonly sinceMs: number
  /** A watch over what comes. */
  readonly watch: MajorGcWatch
}

/** Those that are on: a twin ends them. */
const watches = new Set<MajorGcWatch>()

/** Watches from now on. Its notices come at once, but V8 keeps each until the next look. */
export function watchMajorGc(): MajorGcWatch {
  let isMarking = false
  let profiler = startedProfiler()
  const watch: MajorGcWatch = {
    look: () => {
      // Begun before the other ends: what that has to say is memory, and V8 may begin to mark over it.
      const next = startedProfiler()
      const last = kindsUntilNow(profiler).findLast(
        (kind) => kind === 'IncrementalMarking' || kind === 'MarkSweepCompact',
      )
      profiler = next
      if (last !== undefined) isMarking = last === 'IncrementalMarking'
      return isMarking ? 'marking' : last === undefined ? 'none' : 'collected'
    },
    end: () => {
      watches.delete(watch)
      kindsUntilNow(profiler)
    },
  }
  watches.add(watch)
  return watch
}

/** Ends the profiler. It says nothing where it has ended before. */
function kindsUntilNow(profiler: v8.GCProfiler): readonly string[] {
  return (profiler.stop() as GCProfilerResult | undefined)?.statistics.map(({ gcType }) => gcType) ?? []
}

function startedProfiler(): v8.GCProfiler {
  const profiler = new v8.GCProfiler()
  profiler.start()
  return profiler
}

/** The notices that come a turn late, and cost nothing to wait for: from the first question to the process's end. */
let notices: PerformanceObserver | undefined
/** When the last major GC ended; undefined where V8 has begun to mark for another, and before any. */
let endedMs: number | undefined

/**
 * A watch that begins while V8 does not mark. Null where it marks, and where no notice of a major GC has come yet since
 * the first call.
 */
export async function watchBetweenMajorGcs(): Promise<BetweenMajorGcs | null> {
  const watch = watchMajorGc()
  if (notices === undefined) {
    notices = new PerformanceObserver((list) => {
      takeNotices(list.getEntries())
    })
    notices.observe({ entryTypes: ['gc'] })
  }
  // Node hands over in the next turn what happened before the watch. What happens meanwhile, both of them tell.
  await nextTurn()
  await nextTurn()
  takeNotices(notices.takeRecords())
  if (endedMs !== undefined) return { sinceMs: performance.now() - endedMs, watch }
  watch.end()
  return null
}

/**
 * In a twin, whose collections nobody asks about: notices of them would only grow. False where V8 has done anything for
 * a major GC between the last look and the fork, so that the process was not at rest.
 */
export function endMajorGcWatches(): boolean {
  notices?.disconnect()
  const progress = [...watches].map((watch) => watch.look())
  for (const watch of watches) watch.end()
  return progress.every((each) => each === 'none')
}

function takeNotices(entries: readonly PerformanceEntry[]): void {
  for (const entry of entries) {
    const kind = (entry as { detail?: { kind?: number } }).detail?.kind
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) endedMs = entry.startTime + entry.duration
    if (kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) endedMs = undefined
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
