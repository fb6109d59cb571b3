/**
 * The heaps of the known worker threads, as they report them.
 *
 * Rule: a worker is asked and not waited for beyond a bound: one that is busy, or whose Node does not say, is unknown.
 */
import { runningWorkers } from '../measure/worker-threads.js'
import type { WorkerHeap } from '../report/types.js'
import type { IsolateHeap } from '../report/breakdown/types.js'
import { workerHeaps } from './isolates.js'

/** Whether any worker runs that was heard of. */
export function hasWorkers(): boolean {
  return runningWorkers().length > 0
}

/** A worker that is busy for longer is not waited for. */
const ANSWER_MS = 250

/** The heap of each worker that was heard of, as a breakdown takes it; those that do not answer are left out. */
export async function heapsOfWorkers(timeoutMs = ANSWER_MS): Promise<IsolateHeap[]> {
  const workers = runningWorkers().filter((worker) => worker.getHeapStatistics !== undefined)
  return workers.length === 0 ? [] : workerHeaps(workers, timeoutMs)
}

/** The same for a report: every known worker, with null for what it does not report. */
export async function askWorkers(timeoutMs = ANSWER_MS): Promise<readonly WorkerHeap[]> {
  const workers = runningWorkers().map((worker) => ({ worker, threadId: worker.threadId }))
  return Promise.all(
    workers.map(async ({ worker, threadId }): Promise<WorkerHeap> => {
      const [heap] = worker.getHeapStatistics === undefined ? [] : await workerHeaps([worker], timeoutMs)
      const sum = (of: (space: IsolateHeap['spaces'][number]) => number): number | null =>
        heap === undefined ? null : heap.spaces.reduce((all, space) => all + of(space), 0)
      return {
        threadId,
        name: worker.threadName ?? null,
        usedBytes: sum(({ usedBytes }) => usedBytes),
        committedBytes: sum(({ sizeBytes }) => sizeBytes),
      }
    }),
  )
}
