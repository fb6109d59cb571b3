/** The options of a profiler and of a capture: what each means, its unit, its bounds, its default. */
import type { Allocator, AllocatorName, BindingKind } from '../../allocator/port.js'
import { nodeEnvironment } from '../../support/environment.js'
import type { Environment } from '../../support/environment.js'
import { CacheAttributionError, describe } from '../../support/errors.js'
import { abortSignal, boolean, number, oneOf, optional, resolveOptions, shaped, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'

/** Options of `new HeapProfiler()`. */
export interface HeapProfilerOptions {
  /** Longest capture in seconds: a longer one is refused. 0.001 to 86,400. @default 300 */
  readonly maxSeconds?: number | undefined
  /** Folder for dumps that are read at once; they are unlinked files. @default the system's temporary folder */
  readonly temporaryFolder?: string | undefined
  /** The allocator whose profiler is used: that of a coordinator, or a choice. @default 'auto' */
  readonly allocator?: Allocator | AllocatorName | 'auto' | undefined
  /** How native code is reached. @default 'auto' the addon, else ffi-napi with ref-napi */
  readonly binding?: BindingKind | 'auto' | undefined
  /** Clocks and collector; for tests. */
  readonly environment?: Environment | undefined
}

/** The same, complete; undefined: the system's temporary folder. */
export interface ResolvedProfilerOptions {
  readonly maxSeconds: number
  readonly temporaryFolder: string | undefined
  readonly allocator: Allocator | AllocatorName | 'auto'
  readonly binding: BindingKind | 'auto'
  readonly environment: Environment
}

/**
 * Which memory: `'native'` is the allocator's, by jemalloc's profiler; `'js'` is V8's heap, by V8's; `'all'` is both in one
 * profile, which also says how much is resident.
 */
export type CaptureKind = 'native' | 'js' | 'all'

/**
 * The view of a capture: `'delta'` the change between its begin and its end, `'live'` all sampled memory that is live at its
 * end, also from earlier times in which profiling was active.
 */
type CaptureView = 'delta' | 'live'

/** Options of `capture()`. */
export interface CaptureOptions {
  /** @default 'native' */
  readonly kind?: CaptureKind | undefined
  /** How long allocations are sampled, in seconds; up to the profiler's `maxSeconds`. @default 10 */
  readonly seconds?: number | undefined
  /** Ends the capture early: nothing is dumped, and profiling is off again. */
  readonly signal?: AbortSignal | undefined
  /** The view of the profile. With `kind: 'js'` and `'all'` always `'delta'`: V8 knows nothing from before. @default 'delta' */
  readonly view?: CaptureView | undefined
  /**
   * Mean sampling interval in allocated bytes. For `'native'` a power of two from 1 KiB to 1 TiB; a change needs a reset,
   * before the capture and, to restore it, after it. A thread applies it after its next sample.
   * With `'all'` it is for native memory, and V8's heap is sampled every 32 KiB.
   * @default the process's own (`lg_prof_sample`, 512 KiB by default); for `'js'` 32 KiB
   */
  readonly sampleBytes?: number | undefined
  /**
   * Discard every sample so far, in the whole process. Required if profiling is already on and `sampleBytes` needs it.
   * @default false
   */
  readonly reset?: boolean | undefined
  /** Collect garbage before memory is read, so that only what is reachable counts. Two pauses. @default false */
  readonly gc?: boolean | undefined
  /**
   * Leave out the youngest allocations: nothing is sampled in the last tenth of the time, so that all memory in the profile has
   * been kept for at least that long, and garbage is collected. Memory of requests under way is not included. @default false
   */
  readonly leak?: boolean | undefined
  /**
   * Count what was allocated and freed again meanwhile, too: the profile then has `alloc_space` and all outputs `temporary_space`.
   * Native memory needs a start with `prof_accum:true` (`run --profile --temporary`). V8's heap is sampled every 512 KiB unless
   * `sampleBytes` says otherwise, since V8 keeps each sample until the end.
   * @default false
   */
  readonly temporary?: boolean | undefined
}

/** The same, complete; undefined: as it is. */
export interface ResolvedCaptureOptions {
  readonly kind: CaptureKind
  readonly seconds: number
  readonly signal: AbortSignal | undefined
  readonly view: CaptureView
  readonly sampleBytes: number | undefined
  readonly reset: boolean
  readonly gc: boolean
  readonly leak: boolean
  readonly temporary: boolean
}

const LEAST_SAMPLE_BYTES = 2 ** 10
const MOST_SAMPLE_BYTES = 2 ** 40

/** Checks the options of a profiler. */
export function resolveProfilerOptions(options: HeapProfilerOptions | undefined): ResolvedProfilerOptions {
  return resolveOptions<ResolvedProfilerOptions>('HeapProfiler', options, {
    maxSeconds: { check: number({ min: 0.001, max: 86_400 }), fallback: 300 },
    temporaryFolder: optional(text(4096)),
    allocator: { check: allocatorCheck, fallback: 'auto' },
    binding: { check: oneOf('auto', 'addon', 'ffi'), fallback: 'auto' },
    environment: {
      check: shaped('an environment', (value) => 'inOwnTurn' in value && 'collector' in value),
      fallback: nodeEnvironment,
    },
  })
}

const allocatorChoice = oneOf('auto', 'jemalloc', 'glibc', 'unavailable')
const allocatorCheck: Check<Allocator | AllocatorName | 'auto'> = (value, name) =>
  typeof value === 'string'
    ? allocatorChoice(value, name)
    : shaped<Allocator>('an allocator or its name', (given) => 'mallctl' in given && 'name' in given)(value, name)

/** Checks the options of a capture. */
export function resolveCaptureOptions(options: CaptureOptions | undefined, maxSeconds: number): ResolvedCaptureOptions {
  const resolved = resolveOptions<ResolvedCaptureOptions>('capture()', options, {
    kind: { check: oneOf('native', 'js', 'all'), fallback: 'native' },
    seconds: { check: number({ min: 0, max: maxSeconds }), fallback: Math.min(10, maxSeconds) },
    signal: optional(abortSignal),
    view: { check: oneOf('delta', 'live'), fallback: 'delta' },
    sampleBytes: optional(number({ min: 1, max: MOST_SAMPLE_BYTES, integer: true })),
    reset: { check: boolean, fallback: false },
    gc: { check: boolean, fallback: false },
    leak: { check: boolean, fallback: false },
    temporary: { check: boolean, fallback: false },
  })
  if (resolved.kind !== 'js' && resolved.sampleBytes !== undefined)
    sampleBytesCheck(resolved.sampleBytes, 'sampleBytes')
  if (resolved.kind !== 'native' && (resolved.view === 'live' || (resolved.reset && resolved.kind === 'js'))) {
    const name = resolved.view === 'live' ? 'view' : 'reset'
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"${name}" is for kind 'native': V8's profiler begins anew each time`,
    )
  }
  if (resolved.leak && resolved.view === 'live') {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      '"leak" is of what was allocated meanwhile, not of view \'live\'',
    )
  }
  if (resolved.leak && resolved.temporary) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      '"leak" is of what stays, and "temporary" of what does not: take one',
    )
  }
  return { ...resolved, gc: resolved.gc || resolved.leak }
}

/** A power of two that jemalloc can sample by. */
export const sampleBytesCheck: Check<number> = (value, name) => {
  const bytes = number({ min: LEAST_SAMPLE_BYTES, max: MOST_SAMPLE_BYTES, integer: true })(value, name)
  if (Number.isInteger(Math.log2(bytes))) return bytes
  const nearest = 2 ** Math.round(Math.log2(bytes))
  throw new CacheAttributionError(
    'ERR_OPTION_RANGE',
    `"${name}" must be a power of two, got ${describe(value)}: the nearest is ${String(nearest)}`,
  )
}
