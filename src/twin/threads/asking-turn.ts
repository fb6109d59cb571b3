/** One call at a time asks the threads of this process. */
import { isMainThread } from 'node:worker_threads'
import { loadAddonBinding } from '../../allocator/binding.js'
import type { ThreadsBinding } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'

let isAsking = false

/**
 * Runs `work` while no other call asks threads. Only the main thread may: two that asked each other would refuse each other.
 *
 * @throws CacheAttributionError `ERR_THREADS_MAIN`, `ERR_RUN_IN_PROGRESS`, `ERR_ADDON_MISSING`; unknown what `work` throws
 */
export async function inAskingTurn<T>(call: string, work: (threads: ThreadsBinding) => Promise<T>): Promise<T> {
  if (!isMainThread) {
    throw new CacheAttributionError(
      'ERR_THREADS_MAIN',
      `${call} was called in a worker thread: call it in the main thread`,
    )
  }
  const { threads } = loadAddonBinding()
  if (isAsking || threads?.takeTurn() !== true) {
    throw new CacheAttributionError('ERR_RUN_IN_PROGRESS', 'another call that asks all threads is under way')
  }
  isAsking = true
  try {
    return await work(threads)
  } finally {
    isAsking = false
    threads.giveTurn()
  }
}
