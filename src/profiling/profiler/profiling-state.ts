/**
 * The state of jemalloc's profiler: always read, never remembered, since the service or another library may switch it.
 *
 * Rule: what is missing is an error that ends with the command that fixes it.
 */
import type { Allocator, Mallctl, MallctlType, MallctlTypes } from '../../allocator/port.js'
import { PRELOAD_HINT } from '../../allocator/open.js'
import { CacheAttributionError, MallctlError } from '../../support/errors.js'

/** The state of jemalloc's profiler: what it is ready for, and what it does now. Null: there is no jemalloc, or it does not know the key. */
export interface ProfilingState {
  /** `config.prof`: whether this jemalloc was built with its profiler. */
  readonly built: boolean | null
  /** `opt.prof`: whether the process was started with `prof:true`. */
  readonly enabled: boolean | null
  /** `prof.active`: whether allocations are sampled now. */
  readonly active: boolean | null
  /** `prof.thread_active_init`: whether a new thread takes part. */
  readonly newThreadsTakePart: boolean | null
  /** `thread.prof.active`: whether this thread takes part. */
  readonly threadTakesPart: boolean | null
  /** 2 to the power of `prof.lg_sample`: mean distance of samples in allocated bytes. */
  readonly sampleBytes: number | null
  /** `opt.lg_prof_interval`: bytes of allocation activity after which jemalloc itself writes a dump; null: it does not. */
  readonly intervalDumpBytes: number | null
  /** `opt.prof_prefix`: what the names of dumps that jemalloc itself writes begin with. */
  readonly dumpPrefix: string | null
}

/** The settings with which a process must start so that it can be profiled. */
const PROFILING_HINT =
  'start Node through "npx cache-attribution run --profile app.js", or with MALLOC_CONF=prof:true,prof_active:false'

/** The state as it is. */
export function readProfilingState({ mallctl }: Pick<Allocator, 'mallctl'>): ProfilingState {
  const interval = readOrNull(mallctl, 'opt.lg_prof_interval', 'ssize_t')
  const lgSample = readOrNull(mallctl, 'prof.lg_sample', 'size_t')
  const enabled = readOrNull(mallctl, 'opt.prof', 'bool')
  return {
    built: readOrNull(mallctl, 'config.prof', 'bool'),
    enabled,
    active: readOrNull(mallctl, 'prof.active', 'bool'),
    newThreadsTakePart: readOrNull(mallctl, 'prof.thread_active_init', 'bool'),
    threadTakesPart: readOrNull(mallctl, 'thread.prof.active', 'bool'),
    sampleBytes: lgSample === null || enabled !== true ? null : 2 ** lgSample,
    intervalDumpBytes: interval === null || interval < 0 ? null : 2 ** interval,
    dumpPrefix: readOrNull(mallctl, 'opt.prof_prefix', 'string'),
  }
}

/**
 * The controls of a process that can be profiled.
 *
 * @throws CacheAttributionError `ERR_PROFILING_ALLOCATOR`, `ERR_PROFILING_BUILD`, `ERR_PROFILING_START`,
 *   `ERR_PROFILING_THREADS`, each with the command that fixes it
 */
export function requireProfiling(allocator: Pick<Allocator, 'mallctl' | 'name' | 'reason'>): Mallctl {
  const { mallctl, name, reason } = allocator
  if (mallctl === null) {
    // The command that fixes the allocator alone would lead to the next error.
    const why = (reason ?? `this process runs on ${name}`).replace(` (${PRELOAD_HINT})`, '')
    throw new CacheAttributionError(
      'ERR_PROFILING_ALLOCATOR',
      `the heap profiler is jemalloc's, and ${why}: ${PROFILING_HINT} LD_PRELOAD=libjemalloc.so.2`,
    )
  }
  const { built, enabled, newThreadsTakePart } = readProfilingState(allocator)
  if (built !== true) {
    throw new CacheAttributionError(
      'ERR_PROFILING_BUILD',
      'this jemalloc was built without its profiler (config.prof is false): preload one built with --enable-prof, as Debian and Ubuntu have it (apt-get install libjemalloc2)',
    )
  }
  if (enabled !== true) {
    throw new CacheAttributionError(
      'ERR_PROFILING_START',
      `profiling was not made possible at the start (opt.prof is false): ${PROFILING_HINT}`,
    )
  }
  if (newThreadsTakePart === false) {
    throw new CacheAttributionError(
      'ERR_PROFILING_THREADS',
      'threads take no part in profiling (prof.thread_active_init is false), so a profile would be empty: take prof_thread_active_init:false out of MALLOC_CONF; prof_active:false alone keeps profiling off',
    )
  }
  return mallctl
}

/**
 * Nothing where jemalloc counts what is freed, too.
 *
 * @throws CacheAttributionError `ERR_PROFILING_START` with the command that fixes it
 */
export function requireAccumulation(mallctl: Mallctl): void {
  if (readOrNull(mallctl, 'opt.prof_accum', 'bool') === true) return
  throw new CacheAttributionError(
    'ERR_PROFILING_START',
    'native memory that is freed was not made to be counted at the start (opt.prof_accum is false): start Node through "npx cache-attribution run --profile --temporary app.js", or with MALLOC_CONF=prof:true,prof_active:false,prof_accum:true',
  )
}

function readOrNull<T extends MallctlType>(mallctl: Mallctl | null, key: string, type: T): MallctlTypes[T] | null {
  if (mallctl === null) return null
  try {
    return mallctl.read(key, type)
  } catch (error) {
    if (error instanceof MallctlError) return null
    throw error
  }
}
