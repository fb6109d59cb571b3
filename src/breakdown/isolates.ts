/**
 * Heaps of isolates: this thread's, and those of workers that tell theirs.
 *
 * Rule: a thread's heap is told by that thread alone. A worker that does not answer in time is left out, and the breakdown
 * says that one was not asked.
 */
import v8 from 'node:v8'
import { isMainThread, threadId } from 'node:worker_threads'
import { lastMajorGc } from '../measure/major-gcs.js'
import { MAIN_ISOLATE } from '../report/breakdown/v8.js'
import type { IsolateHeap } from '../report/breakdown/types.js'
import { CacheAttributionError, describe } from '../support/errors.js'

/**
 * The heap of the calling thread's isolate, as plain JSON: for a worker to post to the thread that calls `breakdown()`.
 *
 * @param name the name of the thread in the breakdown; by default `main thread`, or `worker` and its thread id
 * @example
 * parentPort.postMessage(isolateHeap()) // in the worker; breakdown({ isolates: [message] }) in the main thread
 */
export function isolateHeap(name: string = isMainThread ? MAIN_ISOLATE : `worker ${String(threadId)}`): IsolateHeap {
  const last = lastMajorGc()
  return {
    name,
    lastMajorGc: last === null ? null : { usedBytes: last.heapBytes, ageMs: last.sinceMs },
    externalBytes: v8.getHeapStatistics().external_memory,
    spaces: v8.getHeapSpaceStatistics().map((space) => ({
      name: space.space_name,
      sizeBytes: space.space_size,
      usedBytes: space.space_used_size,
      availableBytes: space.space_available_size,
    })),
  }
}

/** The part of a worker: `getHeapStatistics()` is there from Node 22.16 and 24 on that is used. */
export interface AskableWorker {
  readonly threadId: number
  /** That worker's heap, told by itself. */
  getHeapStatistics?(): Promise<{ total_heap_size: number; used_heap_size: number; external_memory?: number }>
}

/**
 * The heaps of workers, which the main thread asks for (`worker.getHeapStatistics()`, Node 22.16 and later): one space
 * each. Workers that have ended or are busy for longer than `timeoutMs` are left out. Under an older Node all are left out: let the
 * workers post {@link isolateHeap} there.
 *
 * @param timeoutMs milliseconds to wait for the answers; 1000 by default
 *
 * @example
 * console.log(formatBreakdown(breakdown({ isolates: await workerHeaps(workers) })))
 */
export async function workerHeaps(workers: readonly AskableWorker[], timeoutMs = 1000): Promise<IsolateHeap[]> {
  if (!(timeoutMs >= 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw new CacheAttributionError('ERR_OPTION_RANGE', `"timeoutMs" must be a number ≥ 0, got ${describe(timeoutMs)}`)
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null)
    }, timeoutMs)
  })
  const heaps = await Promise.all(workers.map((worker) => Promise.race([ask(worker), late])))
  clearTimeout(timer)
  return heaps.filter((heap) => heap !== null)
}

async function ask(worker: AskableWorker): Promise<IsolateHeap | null> {
  try {
    const { threadId: id } = worker
    const heap = await worker.getHeapStatistics?.()
    if (heap === undefined) return null
    const { total_heap_size: sizeBytes, used_heap_size: usedBytes, external_memory: externalBytes = null } = heap
    const space = { name: 'all spaces', sizeBytes, usedBytes, availableBytes: sizeBytes - usedBytes }
    return { name: `worker ${String(id)}`, externalBytes, spaces: [space] }
  } catch {
    // It has ended.
    return null
  }
}
