/** Threads whose heaps a discovery did not search. */
import { isMainThread } from 'node:worker_threads'
import type { ReportWarning } from '../../report/types.js'

/** The heap of a thread is its own, and a twin has one thread. */
export function unsearchedThreads(workers: number): ReportWarning[] {
  const others = isMainThread ? workers : workers - 1
  const whose = [
    ...(isMainThread ? [] : ['the main thread']),
    ...(others > 0 ? [`${String(others)} ${isMainThread ? '' : 'other '}worker thread${others === 1 ? '' : 's'}`] : []),
  ]
  if (whose.length === 0) return []
  const message = `not searched: what ${whose.join(' and ')} of this process hold${whose.length === 1 && others <= 1 ? 's' : ''}, since each has a heap of its own; breakdown() shows how large these are together`
  return [{ code: 'WARN_DISCOVER_THREADS', message }]
}
