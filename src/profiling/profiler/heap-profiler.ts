/** The heap profiler: jemalloc's, switched on while it is needed, and V8's beside it. */
import { fstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { openAllocator } from '../../allocator/open.js'
import type { Allocator } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { SingleFlight } from '../../support/single-flight.js'
import { contentOf } from '../../support/unnamed-file.js'
import { followProfiler, resolveWorkers } from '../javascript-stacks/recording.js'
import { toFolded } from '../../heap-profile/output/folded.js'
import { toPprof } from '../../heap-profile/output/pprof.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { captureAborted, captureJs, captureNative } from './capture.js'
import { dumpToFile } from './dump-file.js'
import { resolveCaptureOptions, resolveProfilerOptions, sampleBytesCheck } from './options.js'
import type {
  CaptureKind,
  CaptureOptions,
  HeapProfilerOptions,
  ResolvedCaptureOptions,
  ResolvedProfilerOptions,
} from './options.js'
import { readProfilingState, requireProfiling } from './profiling-state.js'
import type { ProfilingState } from './profiling-state.js'
import { collect, dumpUnnamed, takeProfile } from './take-profile.js'
import { noteProfile } from './taken-profiles.js'
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
 * For native memory the process must be started with profiling: `npx cache-attribution run --profile app.js`, or
 * `MALLOC_CONF=prof:true,prof_active:false`. Nothing is sampled until a capture.
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
   * Samples allocations for some seconds: switches profiling on, waits, reads the profile, and leaves profiling as it was, also after
   * a failure. A second identical call joins the one under way. Addresses are not looked up: `symbolize()` names them.
   *
   * V8 has one sampler for each thread: where `node --heap-prof`, an APM or DevTools runs it, `kind: 'js'` is refused
   * (`ERR_PROFILER_IN_USE`) and the other profile stays whole.
   *
   * @throws CacheAttributionError `ERR_PROFILING_*`, each with the command that fixes it; `ERR_PROFILE_IN_PROGRESS`,
   *   `ERR_PROFILER_IN_USE`, `ERR_PROFILE_ABORTED`, `ERR_PROFILE_DUMP`, `ERR_GC_UNAVAILABLE`, `ERR_INSPECTOR`, `ERR_OPTION_*`, `ERR_CLOSED`
   * @example
   * const growth = await profiler.capture({ seconds: 60, gc: true })          // allocated, and live at the end
   * const objects = await profiler.capture({ kind: 'js', seconds: 10 })       // objects of JavaScript
   * const leaks = await profiler.capture({ kind: 'all', seconds: 60, leak: true }) // without the last tenth of the time
   */
  async capture(options?: CaptureOptions): Promise<HeapProfile> {
    this.#checkOpen()
    const resolved = resolveCaptureOptions(options, this.#settings.maxSeconds)
    if (resolved.signal?.aborted === true) throw captureAborted('before it began')
    const { kind, signal } = resolved
    const flight = this.#flights[kind]
    const key = keyOf(resolved)
    if (flight.key === key && !flight.isAborting) return flight.join(signal)
    if (flight.key !== undefined) throw profileInProgress(`another capture of kind '${kind}' is under way`)
    const source = { allocator: this.#allocator, settings: this.#settings }
    return flight.start(key, signal, async (end) =>
      noted(await (kind === 'js' ? captureJs(source, resolved, end) : captureNative(source, resolved, end))),
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
    return noted(await takeProfile(mallctl, this.#settings)())
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
    const bytes = dumpToFile(this.#ready(options), path)
    noteProfile(() => readFile(path))
    return { path, bytes }
  }

  /**
   * The same text as a stream. It is in an unlinked file, whose space is freed after the reading.
   *
   * @throws CacheAttributionError as {@link HeapProfiler.dump}
   * @example
   * const { body } = profiler.dumpText({ gc: true })
   * await pipeline(Readable.fromWeb(body), socket)
   */
  dumpText(options?: DumpOptions): DumpText {
    const file = dumpUnnamed(this.#ready(options), this.#settings.temporaryFolder)
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

  /** Switches profiling off and keeps the samples. @throws CacheAttributionError as {@link HeapProfiler.activate} */
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

  #ready(options: DumpOptions | undefined): ReturnType<typeof requireProfiling> {
    this.#checkOpen()
    const { gc } = resolveOptions<{ gc: boolean }>('dump()', options, { gc: { check: boolean, fallback: false } })
    const mallctl = requireProfiling(this.#allocator)
    // Somebody else may have switched profiling on: what comes from now on has its JavaScript.
    followProfiler(mallctl)
    if (gc) collect(this.#settings.environment)
    return mallctl
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this profiler was closed')
  }
}

/** Calls with the same key join the same capture. */
function keyOf({ kind, seconds, view, sampleBytes, reset, gc, leak, temporary }: ResolvedCaptureOptions): string {
  return JSON.stringify([kind, seconds, view, sampleBytes, reset, gc, leak, temporary])
}

/** For a black box that keeps the latest one: as folded stacks where the package pprof-format is missing. */
function noted(profile: HeapProfile): HeapProfile {
  noteProfile(() => toPprof(profile).catch(() => Buffer.from(toFolded(profile))))
  return profile
}
