/** The heap profiler: jemalloc's, switched on while it is needed, and V8's beside it. */
import { fstatSync } from 'node:fs'
import { openAllocator } from '../../allocator/open.js'
import type { Allocator, Mallctl } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { SingleFlight } from '../../support/single-flight.js'
import { contentOf } from '../../support/unnamed-file.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { totalOf } from '../../heap-profile/profile/columns-of.js'
import { subtractProfile } from '../../heap-profile/profile/difference.js'
import { joinProfiles } from '../../heap-profile/profile/join.js'
import { followProfiler, resolveWorkers } from '../javascript-stacks/recording.js'
import { readHeapProfile } from '../../heap-profile/profile/parser.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { dumpInto, dumpToFile, openTemporaryFile } from './dump-file.js'
import { startJsSampling } from './js-sampling.js'
import { resolveCaptureOptions, resolveProfilerOptions, sampleBytesCheck } from './options.js'
import type {
  CaptureKind,
  CaptureOptions,
  HeapProfilerOptions,
  ResolvedCaptureOptions,
  ResolvedProfilerOptions,
} from './options.js'
import { createSampler } from '../../measure/sample.js'
import { residentFacts } from './resident-facts.js'
import { readProfilingState, requireProfiling } from './profiling-state.js'
import type { ProfilingState } from './profiling-state.js'
import { profileInProgress, switchOn, underProfilingLock } from './switch-on.js'

/** Options of `dump()` and `dumpFile()`. */
export interface DumpOptions {
  /** Collect garbage first, so that only what is reachable counts. A pause. @default false */
  readonly gc?: boolean | undefined
}

/** Options of `activate()`. */
export interface ActivateOptions {
  /** See {@link CaptureOptions.sampleBytes}; it stays when profiling is deactivated. */
  readonly sampleBytes?: number | undefined
  /** See {@link CaptureOptions.reset}. */
  readonly reset?: boolean | undefined
}

/** A dump in a file. */
export interface DumpFile {
  readonly path: string
  readonly bytes: number
}

/** The text of a dump on its way to the one who asked; to be read to its end or cancelled. */
export interface DumpText {
  readonly bytes: number
  readonly body: ReadableStream<Uint8Array>
}

/**
 * Profiles what allocates the memory of this process: native code and Buffers through jemalloc's profiler
 * (`kind: 'native'`), JavaScript's objects through V8's (`kind: 'js'`), or both in one (`kind: 'all'`). Native memory stands under
 * the JavaScript that asked for it where `supportsJavaScriptStacks()` says so.
 *
 * The process has to be started so that it can be profiled: `npx cache-attribution run --profile app.js`, or
 * `MALLOC_CONF=prof:true,prof_active:false`. Until a capture nothing is sampled then.
 *
 * @example
 * const profiler = new HeapProfiler()
 * const profile = await profiler.capture({ seconds: 30 })
 * console.log(formatTopTable(topTable(await symbolize(profile))))
 */
export class HeapProfiler implements Disposable, AsyncDisposable {
  readonly #settings: ResolvedProfilerOptions
  readonly #allocator: Allocator
  readonly #flights: Readonly<Record<CaptureKind, SingleFlight<HeapProfile>>> = {
    native: new SingleFlight('ERR_PROFILE_ABORTED'),
    js: new SingleFlight('ERR_PROFILE_ABORTED'),
    all: new SingleFlight('ERR_PROFILE_ABORTED'),
  }
  #isClosed = false

  /** @throws CacheAttributionError `ERR_OPTION_*`; `ERR_ALLOCATOR_UNAVAILABLE` and the like for an explicit choice */
  constructor(options?: HeapProfilerOptions) {
    this.#settings = resolveProfilerOptions(options)
    const { allocator, binding } = this.#settings
    this.#allocator = typeof allocator === 'string' ? openAllocator({ allocator, binding }) : allocator
  }

  /** The state of the profiler, as jemalloc reports it now. */
  get state(): ProfilingState {
    return readProfilingState(this.#allocator)
  }

  /** Longest capture, in seconds. */
  get maxSeconds(): number {
    return this.#settings.maxSeconds
  }

  /** Which captures of this profiler are under way. */
  get running(): readonly CaptureKind[] {
    return (['native', 'js', 'all'] as const).filter((kind) => this.#flights[kind].key !== undefined)
  }

  /** @throws CacheAttributionError `ERR_PROFILING_*`, each with the command that fixes it, where jemalloc cannot profile here */
  check(): void {
    requireProfiling(this.#allocator)
  }

  /**
   * Samples allocations for a while: switches profiling on, waits, looks, and leaves profiling as it was, whatever
   * happens. A second identical call joins the one under way. Addresses are not looked up: `symbolize()` names them.
   *
   * V8 has one sampler for each thread: where `node --heap-prof`, an APM or DevTools runs it, `kind: 'js'` is refused
   * (`ERR_PROFILER_IN_USE`) and the other profile stays whole.
   *
   * @throws CacheAttributionError `ERR_PROFILING_*`, each with the command that fixes it; `ERR_PROFILE_IN_PROGRESS`,
   *   `ERR_PROFILER_IN_USE`, `ERR_PROFILE_ABORTED`, `ERR_PROFILE_DUMP`, `ERR_GC_UNAVAILABLE`, `ERR_INSPECTOR`, `ERR_OPTION_*`, `ERR_CLOSED`
   * @example
   * const growth = await profiler.capture({ seconds: 60, gc: true })          // what came and stayed
   * const objects = await profiler.capture({ kind: 'js', seconds: 10 })       // the JavaScript side of it
   * const leaks = await profiler.capture({ kind: 'all', seconds: 60, leak: true }) // what stays, without the youngest
   */
  async capture(options?: CaptureOptions): Promise<HeapProfile> {
    this.#checkOpen()
    const resolved = resolveCaptureOptions(options, this.#settings.maxSeconds)
    if (resolved.signal?.aborted === true) throw aborted('before it began')
    const { kind, signal } = resolved
    const flight = this.#flights[kind]
    const key = keyOf(resolved)
    if (flight.key === key && !flight.isAborting) return flight.join(signal)
    if (flight.key !== undefined) throw profileInProgress(`another capture of kind '${kind}' is under way`)
    return flight.start(key, signal, async (end) =>
      kind === 'js' ? this.#captureJs(resolved, end) : this.#captureNative(resolved, end, kind === 'all'),
    )
  }

  /**
   * The part of the sampled memory that is live now. Samples exist from times in which profiling was active; nothing is switched.
   *
   * @throws CacheAttributionError `ERR_PROFILING_*`, `ERR_PROFILE_DUMP`, `ERR_GC_UNAVAILABLE`, `ERR_OPTION_*`, `ERR_CLOSED`
   */
  async dump(options?: DumpOptions): Promise<HeapProfile> {
    const mallctl = this.#ready(options)
    await resolveWorkers()
    return this.#snapshot(mallctl)()
  }

  /**
   * The same, in the text of jemalloc, into a new file (mode 0600) for `jeprof`, `go tool pprof` or `readHeapProfile()`.
   * Blocks this thread while it is written: about a millisecond for a hundred kilobytes.
   *
   * @throws CacheAttributionError as {@link HeapProfiler.dump}; `ERR_PROFILE_DUMP` also where the file exists already
   * @example
   * profiler.dumpFile(`/var/tmp/${process.pid}.heap`)
   */
  dumpFile(path: string, options?: DumpOptions): DumpFile {
    return { path, bytes: dumpToFile(this.#ready(options), path) }
  }

  /**
   * The same text as a stream: it lies in an unlinked file, and is gone once it was read.
   *
   * @throws CacheAttributionError as {@link HeapProfiler.dump}
   * @example
   * const { body } = profiler.dumpText({ gc: true })
   * await pipeline(Readable.fromWeb(body), socket)
   */
  dumpText(options?: DumpOptions): DumpText {
    const file = this.#dumpUnnamed(this.#ready(options))
    const { size } = fstatSync(file.descriptor)
    return {
      bytes: size,
      body: contentOf(file, size, () => {
        file.close()
      }),
    }
  }

  /**
   * Switches profiling on until {@link HeapProfiler.deactivate}: from then on dumps show what was allocated since.
   *
   * @throws CacheAttributionError `ERR_PROFILING_*`, `ERR_PROFILE_IN_PROGRESS` while a capture is under way, `ERR_OPTION_*`
   */
  activate(options?: ActivateOptions): void {
    this.#checkOpen()
    const wanted = resolveOptions<{ sampleBytes: number | undefined; reset: boolean }>('activate()', options, {
      sampleBytes: optional(sampleBytesCheck),
      reset: { check: boolean, fallback: false },
    })
    const mallctl = requireProfiling(this.#allocator)
    underProfilingLock(() => switchOn(mallctl, wanted))
  }

  /** Switches profiling off; what was sampled stays. @throws CacheAttributionError as {@link HeapProfiler.activate} */
  deactivate(): void {
    this.#checkOpen()
    const mallctl = requireProfiling(this.#allocator)
    underProfilingLock(() => {
      mallctl.write('prof.active', 'bool', false)
      followProfiler(mallctl)
    })
  }

  /** Ends the captures under way and waits until profiling is as it was. Calls after it are `ERR_CLOSED`. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(Object.values(this.#flights).map((flight) => flight.abort()))
  }

  /** {@link HeapProfiler.close} without waiting for its end. */
  [Symbol.dispose](): void {
    void this.close()
  }

  /** {@link HeapProfiler.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** With V8's heap beside it where `withJs` says so. */
  async #captureNative(options: ResolvedCaptureOptions, signal: AbortSignal, withJs: boolean): Promise<HeapProfile> {
    const mallctl = requireProfiling(this.#allocator)
    return underProfilingLock(async () => {
      const startedMs = this.#settings.environment.now()
      const sampling = withJs ? startJsSampling() : null
      const switched = switchedOn(mallctl, options, sampling)
      try {
        const isDelta = options.view === 'delta' && !switched.isReset
        await resolveWorkers()
        if (isDelta) this.#collect(options.gc)
        const before = isDelta ? await this.#snapshot(mallctl)() : null
        await this.#waitOut(options, startedMs, signal, () => {
          switched.pause()
          sampling?.leaveOutTheRest()
        })
        await resolveWorkers()
        this.#collect(options.gc)
        const js = sampling?.stop()
        const read = this.#snapshot(mallctl)
        const durationMs = this.#settings.environment.now() - startedMs
        // A dump that is parsed is a file by now: nothing has to be sampled meanwhile.
        switched.restore()
        const after = { ...(await read()), durationMs }
        const native = before === null ? after : { ...subtractProfile(after, before), durationMs }
        return withoutYoungest(js === undefined ? native : this.#ofAllMemory(native, js), options)
      } finally {
        sampling?.discard()
        switched.restore()
      }
    })
  }

  async #captureJs(options: ResolvedCaptureOptions, signal: AbortSignal): Promise<HeapProfile> {
    const { environment } = this.#settings
    const startedMs = environment.now()
    const sampling = startJsSampling(options.sampleBytes)
    try {
      await this.#waitOut(options, startedMs, signal, () => {
        sampling.leaveOutTheRest()
      })
      this.#collect(options.gc)
      const takenAt = environment.date().toISOString()
      const profile = { ...sampling.stop(), takenAt, durationMs: environment.now() - startedMs }
      return withoutYoungest(profile, options)
    } finally {
      sampling.discard()
    }
  }

  #ofAllMemory(native: HeapProfile, js: HeapProfile): HeapProfile {
    const joined = joinProfiles(native, js)
    const sample = createSampler(this.#allocator, this.#settings.environment).sample()
    return { ...joined, comments: [...joined.comments, ...residentFacts(sample, totalOf(joined))] }
  }

  /** Dumps at once; what it returns reads the dump, which has no name on the disk. */
  #snapshot(mallctl: ReturnType<typeof requireProfiling>): () => Promise<HeapProfile> {
    const file = this.#dumpUnnamed(mallctl)
    const takenAt = this.#settings.environment.date().toISOString()
    return async () => {
      try {
        return { ...(await readHeapProfile(file.path)), takenAt }
      } finally {
        file.close()
      }
    }
  }

  #dumpUnnamed(mallctl: ReturnType<typeof requireProfiling>): UnnamedFile {
    const file = openTemporaryFile(this.#settings.temporaryFolder)
    try {
      dumpInto(mallctl, file)
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** Until the time is over; of one that looks for leaks `pause` is called before the last tenth of it. */
  async #waitOut(
    { seconds, leak }: ResolvedCaptureOptions,
    startedMs: number,
    signal: AbortSignal,
    pause: () => void,
  ): Promise<void> {
    if (leak) {
      await this.#wait(seconds * (1 - YOUNGEST_SHARE), startedMs, signal)
      pause()
    }
    await this.#wait(seconds, startedMs, signal)
  }

  async #wait(seconds: number, startedMs: number, signal: AbortSignal): Promise<void> {
    const { environment } = this.#settings
    const leftMs = startedMs + seconds * 1000 - environment.now()
    if (!signal.aborted) await environment.yieldToLoop(Math.max(0, leftMs), signal)
    if (signal.aborted) throw aborted('before its time was over')
  }

  #collect(isWanted: boolean): void {
    if (!isWanted) return
    const collector = this.#settings.environment.collector()
    collector.major()
    // It waits for the sweep of ArrayBuffers, so that what they held is given back.
    collector.minor()
  }

  #ready(options: DumpOptions | undefined): ReturnType<typeof requireProfiling> {
    this.#checkOpen()
    const { gc } = resolveOptions<{ gc: boolean }>('dump()', options, { gc: { check: boolean, fallback: false } })
    const mallctl = requireProfiling(this.#allocator)
    // Somebody else may have switched profiling on: what comes from now on has its JavaScript.
    followProfiler(mallctl)
    this.#collect(gc)
    return mallctl
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this profiler was closed')
  }
}

/** How much of its time a capture that looks for leaks leaves out. */
const YOUNGEST_SHARE = 0.1

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

function aborted(when: string): CacheAttributionError {
  return new CacheAttributionError('ERR_PROFILE_ABORTED', `the capture was aborted ${when}`)
}

/** Calls with the same key join the same capture. */
function keyOf({ kind, seconds, view, sampleBytes, reset, gc, leak }: ResolvedCaptureOptions): string {
  return JSON.stringify([kind, seconds, view, sampleBytes, reset, gc, leak])
}
