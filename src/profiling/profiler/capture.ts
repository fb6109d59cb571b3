/** One capture of the heap profiler: switches sampling on, waits, looks, and leaves sampling as it was, whatever happens. */
import type { Allocator, Mallctl } from '../../allocator/port.js'
import { totalOf } from '../../heap-profile/profile/columns-of.js'
import { SAMPLE_TYPES } from '../../heap-profile/profile/sample-types.js'
import { subtractProfile } from '../../heap-profile/profile/subtract-profile.js'
import { joinProfiles } from '../../heap-profile/profile/join.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { createSampler } from '../../measure/sample.js'
import type { Environment } from '../../support/environment.js'
import { CacheAttributionError } from '../../support/errors.js'
import { formatBytes } from '../../support/units.js'
import { resolveWorkers } from '../javascript-stacks/recording.js'
import { startJsSampling } from './js-sampling.js'
import type { ResolvedCaptureOptions, ResolvedProfilerOptions } from './options.js'
import { requireAccumulation, requireProfiling } from './profiling-state.js'
import { residentFacts } from './resident-facts.js'
import { collect, takeProfile } from './take-profile.js'
import { switchOn, underProfilingLock } from './switch-on.js'

/** The profiler that a capture is made with. */
export interface CaptureSource {
  readonly allocator: Allocator
  readonly settings: ResolvedProfilerOptions
}

/** How much of its time a capture that looks for leaks leaves out. */
const YOUNGEST_SHARE = 0.1

/** Native memory; of `kind: 'all'` with V8's heap beside it. */
export async function captureNative(
  source: CaptureSource,
  options: ResolvedCaptureOptions,
  signal: AbortSignal,
): Promise<HeapProfile> {
  const { allocator, settings } = source
  const { environment } = settings
  const mallctl = requireProfiling(allocator)
  if (options.temporary) requireAccumulation(mallctl)
  return underProfilingLock(async () => {
    const sampling = options.kind === 'all' ? startJsSampling({ temporary: options.temporary }) : null
    const startedMs = environment.now()
    const switched = switchedOn(mallctl, options, sampling)
    try {
      const isDelta = options.view === 'delta' && !switched.isReset
      await resolveWorkers()
      if (isDelta && options.gc) collect(environment)
      const columned = (profile: HeapProfile): HeapProfile => (options.temporary ? withCounts(profile) : profile)
      const before = isDelta ? columned(await takeProfile(mallctl, settings)()) : null
      await waitOut(environment, options, startedMs, signal, () => {
        switched.pause()
        sampling?.leaveOutTheRest()
      })
      await resolveWorkers()
      if (options.gc) collect(environment)
      const js = sampling?.stop()
      const read = takeProfile(mallctl, settings)
      const durationMs = environment.now() - startedMs
      // A dump that is parsed is a file by now: nothing has to be sampled meanwhile.
      switched.restore()
      const after = { ...columned(await read()), durationMs }
      const native = before === null ? after : { ...subtractProfile(after, before), durationMs }
      const earlier = options.temporary && before !== null ? freedFromBefore(totalOf(before)) : []
      const whole = js === undefined ? native : ofAllMemory(source, native, js)
      return withoutYoungest({ ...whole, comments: [...whole.comments, ...earlier] }, options)
    } finally {
      sampling?.discard()
      switched.restore()
    }
  })
}

/** JavaScript's objects, by V8's sampler. */
export async function captureJs(
  { settings: { environment } }: CaptureSource,
  options: ResolvedCaptureOptions,
  signal: AbortSignal,
): Promise<HeapProfile> {
  const sampling = startJsSampling(options)
  const startedMs = environment.now()
  try {
    await waitOut(environment, options, startedMs, signal, () => {
      sampling.leaveOutTheRest()
    })
    if (options.gc) collect(environment)
    const takenAt = environment.date().toISOString()
    const profile = { ...sampling.stop(), takenAt, durationMs: environment.now() - startedMs }
    return withoutYoungest(profile, options)
  } finally {
    sampling.discard()
  }
}

export function captureAborted(when: string): CacheAttributionError {
  return new CacheAttributionError('ERR_PROFILE_ABORTED', `the capture was aborted ${when}`)
}

/** A dump without a sample does not show that jemalloc counts what is freed. */
function withCounts(profile: HeapProfile): HeapProfile {
  return profile.samples.count > 0 ? profile : { ...profile, sampleTypes: SAMPLE_TYPES.slice(0, 4) }
}

/** Of the growth alone: what lived when it began may have been freed as well. */
function freedFromBefore(liveBytes: number): string[] {
  if (liveBytes <= 0) return []
  return [
    `of what is temporary up to ${formatBytes(liveBytes)} may have been allocated before: so much of what was sampled lived at the begin`,
  ]
}

function ofAllMemory({ allocator, settings }: CaptureSource, native: HeapProfile, js: HeapProfile): HeapProfile {
  const joined = joinProfiles(native, js)
  const sample = createSampler(allocator, settings.environment).sample()
  return { ...joined, comments: [...joined.comments, ...residentFacts(sample, totalOf(joined))] }
}

/** Until the time is over; of one that looks for leaks `pause` is called before the last tenth of it. */
async function waitOut(
  environment: Environment,
  { seconds, leak }: ResolvedCaptureOptions,
  startedMs: number,
  signal: AbortSignal,
  pause: () => void,
): Promise<void> {
  if (leak) {
    await wait(environment, seconds * (1 - YOUNGEST_SHARE), startedMs, signal)
    pause()
  }
  await wait(environment, seconds, startedMs, signal)
}

async function wait(environment: Environment, seconds: number, startedMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = startedMs + seconds * 1000 - environment.now()
  if (!signal.aborted) await environment.yieldToLoop(Math.max(0, leftMs), signal)
  if (signal.aborted) throw captureAborted('before its time was over')
}

function withoutYoungest(profile: HeapProfile, { leak, seconds }: ResolvedCaptureOptions): HeapProfile {
  if (!leak) return profile
  const left = (seconds * YOUNGEST_SHARE).toFixed(1)
  return { ...profile, comments: [...profile.comments, `what was allocated in the last ${left} s is left out`] }
}

/** A task that was started before it ends with its failure. */
function switchedOn(
  mallctl: Mallctl,
  options: ResolvedCaptureOptions,
  sampling: { discard(): void } | null,
): ReturnType<typeof switchOn> {
  try {
    return switchOn(mallctl, options)
  } catch (error) {
    sampling?.discard()
    throw error
  }
}
