/**
 * One run at a time in a process: across coordinators, copies of this package and worker threads.
 *
 * A global symbol covers everything in one isolate, the addon's lock the isolates among each other.
 */
import { addonOrNull } from '../allocator/binding.js'

const HOLDER = Symbol.for('cache-attribution.run')

/** Takes the lock; returns what gives it back, or null where another run has it. */
export function takeRunLock(): (() => void) | null {
  const shared = globalThis as { [HOLDER]?: boolean }
  if (shared[HOLDER] === true) return null
  const binding = addonOrNull()
  if (binding?.tryRunLock() === false) return null
  shared[HOLDER] = true
  return () => {
    shared[HOLDER] = false
    binding?.releaseRunLock()
  }
}
