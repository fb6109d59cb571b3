/**
 * The two locks of a process, over coordinators and profilers, copies of this package and worker threads: one for runs
 * and twins, which empty caches and stop the world, one for whatever changes the state of jemalloc's profiler.
 *
 * Either is taken without the other. Rule where both are wanted: the run's first, then the profiler's, and given back the
 * other way round. Nobody waits for either while holding one: what is taken is refused, so no two can wait for each other.
 *
 * A global symbol covers everything in one isolate, also where there is no addon. The addon's lock covers the isolates among each
 * other, and is one for all copies of the addon (native/locks.c).
 */
import { addonOrNull } from '../allocator/binding.js'

const RUN = Symbol.for('cache-attribution.run')
const PROFILING = Symbol.for('cache-attribution.profiling')

type Shared = Record<symbol, boolean | undefined>

/** Takes the lock of runs; returns what gives it back, or null where another run has it. */
export function takeRunLock(): (() => void) | null {
  const binding = addonOrNull()
  return take(
    RUN,
    () => binding?.tryRunLock(),
    () => binding?.releaseRunLock(),
  )
}

/** Whether a run or a twin of this thread is under way. */
export function isRunUnderWay(): boolean {
  return (globalThis as unknown as Shared)[RUN] === true
}

/** Takes the lock of the profiler's state; returns what gives it back, or null where another has it. */
export function takeProfilingLock(): (() => void) | null {
  const binding = addonOrNull()
  return take(
    PROFILING,
    () => binding?.tryProfilingLock(),
    () => binding?.releaseProfilingLock(),
  )
}

function take(holder: symbol, tryLock: () => boolean | undefined, release: () => void): (() => void) | null {
  const shared = globalThis as unknown as Shared
  if (shared[holder] === true) return null
  if (tryLock() === false) return null
  Object.defineProperty(shared, holder, { value: true, configurable: true, writable: true, enumerable: false })
  return () => {
    // Nothing of a run is left among the globals.
    Reflect.deleteProperty(shared, holder)
    release()
  }
}
