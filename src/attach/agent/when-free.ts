/** Waits until no other run is under way in the process: its own, or that of another attach. */
import { ownTimers } from '../../support/own-timers.js'
import type { TaskContext } from './types.js'

const WAIT_MS = 120_000
const POLL_MS = 200

/** @throws CacheAttributionError as `task`; `ERR_RUN_IN_PROGRESS` where the process is not free within two minutes */
export async function whenFree<T>({ signal, progress }: TaskContext, task: () => Promise<T>): Promise<T> {
  const endMs = ownTimers.now() + WAIT_MS
  for (;;) {
    try {
      return await task()
    } catch (error) {
      const isBusy = error instanceof Error && (error as { code?: unknown }).code === 'ERR_RUN_IN_PROGRESS'
      if (!isBusy || ownTimers.now() > endMs || signal.aborted) throw error
      progress('another measurement is under way in the process: waiting for its end')
      await new Promise((resolve) => ownTimers.setTimeout(resolve, POLL_MS).unref())
    }
  }
}
