/**
 * V8's reports about major collections of this thread, while anybody wants to know: how much lived after the last one.
 *
 * Rule: V8 calls the addon at the end of each, which notes two numbers; nothing is collected, and with the last watcher V8
 * calls nobody any more.
 */
import { addonOrNull } from '../allocator/binding.js'
import type { LastMajorGc } from '../allocator/port.js'

/**
 * Has V8 report major collections of this thread from now on; nothing where the addon is not loaded.
 *
 * @returns what ends it; a second call does nothing
 */
export function watchMajorGcs(): () => void {
  const binding = addonOrNull()
  binding?.watchMajorGcs()
  let isWatching = binding !== null
  return () => {
    if (isWatching) binding?.unwatchMajorGcs()
    isWatching = false
  }
}

/** The last one of this thread; null where V8 has reported none, because nobody watched or none has ended since. */
export function lastMajorGc(): LastMajorGc | null {
  return addonOrNull()?.lastMajorGc() ?? null
}
