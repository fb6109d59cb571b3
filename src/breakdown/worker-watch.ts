/**
 * The worker threads of this process, as Node announces them, and what each tells of its heap.
 *
 * Rule: one listener however many watch, and none when the last of them ends. A worker is held weakly, and nothing of it is
 * changed. Those that started before anybody watched are not heard of: the kernel's count of threads tells that there are more.
 */
import type { WorkerHeap } from '../report/types.js'
import type { IsolateHeap } from '../report/breakdown/types.js'
import { workerHeaps } from './isolates.js'
import type { AskableWorker } from './isolates.js'

/** What is used of a `Worker`; the name is there from Node 24.6 on. */
type HeardWorker = AskableWorker & { readonly threadName?: string | null }

/** Ends the watch; a second call does nothing. */
export type EndWatch = () => void

let watchers = 0
const heard = new Set<WeakRef<HeardWorker>>()

/** Listens for worker threads from now on. */
export function watchWorkers(): EndWatch {
  if (watchers++ === 0) process.on('worker', note)
  let isWatching = true
  return () => {
    if (!isWatching) return
    isWatching = false
    if (--watchers > 0) return
    process.off('worker', note)
    heard.clear()
  }
}

function note(worker: HeardWorker): void {
  running()
  heard.add(new WeakRef(worker))
}

/** Those that were heard of and run; a worker that has ended has the id −1. */
function running(): HeardWorker[] {
  const workers: HeardWorker[] = []
  for (const reference of heard) {
    const worker = reference.deref()
    if (worker === undefined || worker.threadId === -1) heard.delete(reference)
    else workers.push(worker)
  }
  return workers
}

/** Whether any worker runs that was heard of. */
export function hasWorkers(): boolean {
  return running().length > 0
}

/** A worker that is busy for longer is not waited for. */
const ANSWER_MS = 250

/** The heap of each worker that was heard of, as a breakdown takes it; those that do not answer are left out. */
export async function heapsOfWorkers(timeoutMs = ANSWER_MS): Promise<IsolateHeap[]> {
  const workers = running().filter((worker) => worker.getHeapStatistics !== undefined)
  return workers.length === 0 ? [] : workerHeaps(workers, timeoutMs)
}

/** The same for a report: every worker that was heard of, with null for what it does not tell. */
export async function tellWorkers(timeoutMs = ANSWER_MS): Promise<readonly WorkerHeap[]> {
  const workers = running().map((worker) => ({ worker, threadId: worker.threadId }))
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
