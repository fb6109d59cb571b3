/** Warnings of a run about the threads that it does not measure. */
import { addonOrNull } from '../../allocator/binding.js'
import type { Allocator } from '../../allocator/port.js'
import { countWorkers } from '../../measure/worker-threads.js'
import type { AttributionMode, ReportWarning } from '../../report/types.js'

/** The threads around a run. */
interface ThreadsAround {
  readonly isMainThread: boolean
  /** Other threads that run JavaScript, as far as they are known. */
  readonly others: number
  /** Those of them whose allocations are counted in each window. */
  readonly counted: number
}

/** The threads around the calling one. */
export function threadsAround(allocator: Allocator, isMainThread: boolean): ThreadsAround {
  const counts = allocator.name === 'jemalloc' && allocator.binding === 'addon'
  const loaded = counts ? (addonOrNull()?.threads?.list() ?? []) : []
  // A worker counts itself among those that the kernel names, and there is the main thread.
  const others = isMainThread ? countWorkers() : Math.max(1, countWorkers())
  return { isMainThread, others, counted: Math.max(0, loaded.length - 1) }
}

/** A twin has no other thread. In this process a window has all of them: those that are counted are told by each row. */
export function threadWarnings(
  mode: AttributionMode,
  { isMainThread, others, counted }: ThreadsAround,
): ReportWarning[] {
  const uncounted = mode === 'twin' ? 0 : Math.max(0, others - counted)
  return [...(isMainThread ? [] : [workerThread(mode)]), ...(uncounted === 0 ? [] : [uncountedThreads(uncounted)])]
}

function workerThread(mode: AttributionMode): ReportWarning {
  const how = mode === 'twin' ? 'made' : 'measured'
  return {
    code: 'WARN_WORKER_THREAD',
    message: `${how} by a worker thread: the JS heap is that of this thread alone, and the allocator's floor has what all threads hold`,
  }
}

function uncountedThreads(count: number): ReportWarning {
  const threads = count === 1 ? '1 other thread runs' : `${String(count)} other threads run`
  return {
    code: 'WARN_OTHER_THREADS',
    message: `${threads} JavaScript, and what it allocates during a window is not counted: a row may have some of it, beyond its ±`,
  }
}
