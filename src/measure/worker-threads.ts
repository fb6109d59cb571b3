/**
 * The worker threads of this process, as Node announces them.
 *
 * Rule: one listener however many watch, and none when the last of them ends. A worker is held weakly, and nothing of it is
 * changed. Those that started before anybody watched are not heard of: where Node names its threads, the kernel says that
 * there are more.
 */
import { readdirSync } from 'node:fs'
import { readText } from '../support/read-text.js'

/** The part of a `Worker`: its heap is told from Node 22.16 and 24 on, its name from 24.6 on that is used. */
export interface WatchedWorker {
  readonly threadId: number
  readonly threadName?: string | null
  getHeapStatistics?(): Promise<{ total_heap_size: number; used_heap_size: number; external_memory?: number }>
}

/** Ends the watch; a second call does nothing. */
export type EndWatch = () => void

let watchers = 0
const heard = new Set<WeakRef<WatchedWorker>>()

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

function note(worker: WatchedWorker): void {
  runningWorkers()
  heard.add(new WeakRef(worker))
}

/** Those that were heard of and run; a worker that has ended has the id −1. */
export function runningWorkers(): WatchedWorker[] {
  const workers: WatchedWorker[] = []
  for (const reference of heard) {
    const worker = reference.deref()
    if (worker === undefined || worker.threadId === -1) heard.delete(reference)
    else workers.push(worker)
  }
  return workers
}

/** How many run at least: those that were heard of, or whose threads bear Node's name for workers. */
export function countWorkers(): number {
  return Math.max(runningWorkers().length, namedWorkers(threadNames()))
}

/** How many of these names of threads are Node's for workers. */
export function namedWorkers(names: readonly string[]): number {
  return names.filter((name) => /^(?:node-)?WorkerThread/.test(name)).length
}

function threadNames(): string[] {
  const folder = '/proc/self/task'
  try {
    return readdirSync(folder).map((id) => readText(`${folder}/${id}/comm`)?.trim() ?? '')
  } catch {
    return []
  }
}
