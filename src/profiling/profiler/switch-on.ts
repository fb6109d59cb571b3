/**
 * Changes of the state of jemalloc's profiler, and how it is put back.
 *
 * Rule: a switch takes the profiler's lock first, and the state before it is restored whatever happens in between.
 */
import type { Mallctl } from '../../allocator/port.js'
import { takeProfilingLock } from '../../measure/locks.js'
import { followProfiler, startRecording } from '../javascript-stacks/recording.js'
import { CacheAttributionError } from '../../support/errors.js'

/** The state that a stretch of profiling asks for. */
export interface Wanted {
  /** Undefined: as it is. */
  readonly sampleBytes: number | undefined
  readonly reset: boolean
}

/** Profiling that was switched on. */
export interface SwitchedOn {
  /** Whether the samples from before were forgotten. */
  readonly isReset: boolean
  /** Samples nothing more; what was sampled is still followed. */
  pause(): void
  /** Puts back what was there; once. */
  restore(): void
}

/** Runs `task` under the lock of the profiler's state. @throws CacheAttributionError `ERR_PROFILE_IN_PROGRESS` */
export function underProfilingLock<T>(task: () => T): T {
  const giveBack = takeProfilingLock()
  if (giveBack === null) throw profileInProgress('another profiler, thread or run of this process uses jemalloc’s')
  let result: T
  try {
    result = task()
  } catch (error) {
    giveBack()
    throw error
  }
  if (result instanceof Promise) return result.finally(giveBack) as T
  giveBack()
  return result
}

/** `ERR_PROFILE_IN_PROGRESS`. */
export function profileInProgress(why: string): CacheAttributionError {
  return new CacheAttributionError('ERR_PROFILE_IN_PROGRESS', `${why}: wait for its end`)
}

/**
 * Switches profiling on; under the lock.
 *
 * @throws CacheAttributionError `ERR_OPTION_RANGE` where another distance would forget samples that somebody collects
 */
export function switchOn(mallctl: Mallctl, { sampleBytes, reset }: Wanted): SwitchedOn {
  const wasActive = mallctl.read('prof.active', 'bool')
  const lgBefore = mallctl.read('prof.lg_sample', 'size_t')
  const lg = sampleBytes === undefined ? lgBefore : Math.log2(sampleBytes)
  const isReset = reset || lg !== lgBefore
  if (wasActive && isReset && !reset) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"sampleBytes" differs from the present ${String(2 ** lgBefore)}, profiling is on, and the change forgets every sample so far: say so with reset: true`,
    )
  }
  if (isReset) mallctl.write('prof.reset', 'size_t', lg)
  // Before the first sample, so that it has its JavaScript.
  startRecording(mallctl)
  mallctl.write('prof.active', 'bool', true)
  let isRestored = false
  return {
    isReset,
    pause: () => {
      mallctl.write('prof.active', 'bool', false)
    },
    restore: () => {
      if (isRestored) return
      isRestored = true
      mallctl.write('prof.active', 'bool', wasActive)
      followProfiler(mallctl)
      if (lg !== lgBefore) mallctl.write('prof.reset', 'size_t', lgBefore)
    },
  }
}
