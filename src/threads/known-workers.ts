/** How many worker threads are known: those that Node announced, and those that answer without having been announced. */
import { loadAddonBinding } from '../allocator/binding.js'
import { runningWorkers } from '../measure/worker-threads.js'
import { supportsTwin } from '../twin/support.js'

/** Those that began before anybody listened, and have no coordinator, are not among them. */
export function countKnownWorkers(): number {
  const ids = new Set(runningWorkers().map(({ threadId }) => threadId))
  for (const { threadId, answering } of answeringThreads()) if (threadId > 0 && answering > 0) ids.add(threadId)
  return ids.size
}

function answeringThreads(): readonly { readonly threadId: number; readonly answering: number }[] {
  // Where there is no addon, nothing can be asked either.
  return supportsTwin().supported ? (loadAddonBinding().threads?.list() ?? []) : []
}
