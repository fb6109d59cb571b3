/**
 * A black box: what a process did with its memory in its last minutes, for after it was killed.
 *
 * Rule: a native thread writes it, so that a blocked event loop is recorded, too. It never ends the process, and `close()` leaves
 * no thread, timer or listener behind.
 */
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'
import type { BlackBoxBinding } from '../../allocator/black-box-binding.js'
import { addonOrNull, reasonAddonMissing } from '../../allocator/binding.js'
import { openAllocator } from '../../allocator/open.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { ownTimers } from '../../support/own-timers.js'
import { ownPackageFolder, packageVersion } from '../../support/own-package.js'
import { programName } from '../../support/program-name.js'
import { DUMP_ENDING, findBoxPlace } from './box-files.js'
import type { BoxPlace } from './box-files.js'
import { END_STATES } from './end-states.js'
import { encodeHeader, boxLayout } from './layout.js'
import { numbersOf, watchedGroup } from './native-order.js'
import { NearLimitTask } from './near-limit-task.js'
import { resolveBlackBoxOptions } from './options.js'
import type { BlackBoxOptions, ResolvedBlackBoxOptions } from './options.js'
import { postmortem } from './postmortem.js'
import type { Postmortem } from './types.js'
import { ownIdentity } from './process-identity.js'
import { onProfileTaken } from '../profiler/taken-profiles.js'
import { KeptProfile } from './kept-profile.js'
import { keptReport } from './kept-report.js'
import { SizeNotes } from './size-notes.js'

/** Over all copies of this package that a process has loaded. */
const OPEN = Symbol.for('cache-attribution.black-box.open')

/** Between two questions to the caches, and between two noted in the ring of the last hours. */
const [SIZES_MS, SLOW_SIZES_MS] = [1000, 60_000]
/** Where the thread cannot ask the event loop whether it turns, the loop says so. */
const BEAT_MS = 100
/** Of the slow ring, milliseconds. */
const SLOW_MS = 5000

/**
 * Records this process's memory into a file of bounded size, every 100 ms, by a thread of its own: resident memory and the control
 * group's, pressure, the allocator's and V8's figures, how long the event loop has not turned, sizes of caches, the running
 * JavaScript, the latest report and the latest heap profile. The file survives SIGKILL, the out-of-memory killer, `process.abort()` and V8's fatal errors;
 * `cache-attribution postmortem FILE` says what happened.
 *
 * @example
 * const box = await BlackBox.open('/var/lib/shop/memory.blackbox', { coordinator })
 * console.warn(box.lastLife?.headline.join(' '))
 */
export class BlackBox implements AsyncDisposable {
  /** The file of this process. */
  readonly path: string
  /** The file of the process before this one: of the same path, or in a folder of the same program; null where there is none. */
  readonly previous: string | null
  readonly #binding: BlackBoxBinding
  readonly #options: ResolvedBlackBoxOptions
  readonly #sizes: SizeNotes | null
  readonly #nearLimit: NearLimitTask
  readonly #profile: KeptProfile
  #forgetProfiles: (() => void) | undefined
  readonly #onExit: (code: number) => void
  readonly #onReport: (finished: { readonly report: object }) => void
  #timer: NodeJS.Timeout | undefined
  #beats = 0
  #lastLife: { readonly found: Postmortem | null } | undefined
  #isClosed = false

  private constructor(binding: BlackBoxBinding, place: BoxPlace, options: ResolvedBlackBoxOptions) {
    const { coordinator } = options
    this.path = place.file
    this.previous = place.previous
    this.#binding = binding
    this.#options = options
    this.#sizes = coordinator === undefined ? null : new SizeNotes(binding, coordinator)
    this.#nearLimit = new NearLimitTask(binding, place.file, options.dumps)
    this.#profile = new KeptProfile((bytes) => binding.profile(bytes))
    this.#onExit = (code) => {
      binding.end(END_STATES.exit, code)
    }
    this.#onReport = ({ report }) => {
      keptReport(report, (bytes) => binding.report(bytes))
    }
  }

  /**
   * Begins to record into `target`: a file, or a folder that is there, in which the box gets a name by the program, the time and the
   * process. A box that an earlier process left at that file is kept as `target.previous`. One box at a time in a process; its
   * file costs `maxBytes` of disk at once, and as much of the page cache in time.
   *
   * @throws CacheAttributionError `ERR_BLACK_BOX_UNSUPPORTED` off Linux, without the addon, in a worker thread;
   *   `ERR_BLACK_BOX_OPEN` where this process has one; `ERR_BLACK_BOX_IN_USE` where another process writes that file;
   *   `ERR_BLACK_BOX_FILE` where it cannot be made; `ERR_OPTION_*`
   * @example
   * await using box = await BlackBox.open('/var/lib/shop/', { coordinator: Coordinator.default() })
   */
  static async open(target: string, options?: BlackBoxOptions): Promise<BlackBox> {
    const resolved = resolveBlackBoxOptions(options)
    checkTarget(target)
    const binding = bindingHere()
    if (Reflect.get(globalThis, OPEN) !== undefined) {
      throw new CacheAttributionError(
        'ERR_BLACK_BOX_OPEN',
        `this process records into ${String(Reflect.get(globalThis, OPEN))} already: close that box first`,
      )
    }
    const program = programName() ?? process.argv[1] ?? 'node'
    const place = findBoxPlace(target, program, resolved.keep, (file) => binding.isLocked(file))
    const box = new BlackBox(binding, place, resolved)
    // Before anything is awaited: the next stretch of the caller's may be the one that counts.
    box.#start()
    return Promise.resolve(box)
  }

  /** The postmortem of {@link BlackBox.previous}; null where there is none, or it cannot be read. It is read at the first access. */
  get lastLife(): Postmortem | null {
    return (this.#lastLife ??= { found: postmortemOrNull(this.previous) }).found
  }

  /** Milliseconds of a processor that the recording thread has used so far. */
  get cpuMs(): number {
    return this.#binding.cpuMs()
  }

  /** Whether it still records: false after `close()`, and where somebody cut the file short. */
  get isRecording(): boolean {
    return !this.#isClosed && this.#binding.isWriting()
  }

  /** Ends the recording; the file says that it was ended in order. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    ownTimers.clearInterval(this.#timer)
    process.off('exit', this.#onExit)
    this.#options.coordinator?.off('run-finished', this.#onReport)
    this.#forgetProfiles?.()
    await this.#nearLimit.finished()
    await this.#profile.finished()
    this.#binding.close(END_STATES.closed, 0)
    Reflect.deleteProperty(globalThis, OPEN)
  }

  /** {@link BlackBox.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #start(): void {
    const { allocator } = this.#options.coordinator ?? { allocator: openAllocator() }
    const { intervalMs, nearLimit, limit, maxBytes, asksBlocked, dumps } = this.#options
    const slowEvery = Math.max(1, Math.round(SLOW_MS / intervalMs))
    const { sections, bytes } = boxLayout(maxBytes)
    const header = encodeHeader({
      ...ownIdentity(),
      openedAt: new Date().toISOString(),
      node: process.version,
      version: packageVersion(),
      program: process.argv[1] ?? 'node',
      ownFolder: ownPackageFolder(),
      intervalMs,
      slowEvery,
      noStacks: this.#binding.noStacks(),
      allocator: allocator.name,
      nearLimit,
      sections,
    })
    const watchesHeapLimit = !hasOwnHeapLimitCallback()
    const group = watchedGroup()
    const thread = { intervalMs, slowEvery, asksBlocked, watchesHeapLimit, limit, nearLimit, allocator: allocator.name }
    const sizes = this.#sizes
    let asksLoop: boolean
    try {
      asksLoop = this.#binding.open(
        this.path,
        header,
        bytes,
        Float64Array.from(sections.flatMap(({ offset, count }) => [offset, count])),
        numbersOf(thread, group),
        group.files,
        dumps ? this.path + DUMP_ENDING : '',
        sizes === null
          ? null
          : () => {
              sizes.note(false)
            },
        () => {
          this.#nearLimit.seen(this.#binding.beat())
        },
      )
    } catch (error) {
      throw new CacheAttributionError('ERR_BLACK_BOX_FILE', `${this.path} cannot be made: ${messageOf(error)}`, {
        cause: error,
      })
    }
    Reflect.defineProperty(globalThis, OPEN, { value: this.path, configurable: true })
    this.#listen(asksLoop)
  }

  #listen(asksLoop: boolean): void {
    const sizes = this.#sizes
    process.on('exit', this.#onExit)
    this.#options.coordinator?.on('run-finished', this.#onReport)
    this.#forgetProfiles = onProfileTaken((profile) => {
      this.#profile.keep(profile)
    })
    sizes?.note(true)
    if (asksLoop && sizes === null) return
    const everyMs = asksLoop ? SIZES_MS : BEAT_MS
    this.#timer = ownTimers.setInterval(() => {
      this.#beat(everyMs)
    }, everyMs)
    this.#timer.unref()
  }

  #beat(everyMs: number): void {
    this.#nearLimit.seen(this.#binding.beat())
    this.#beats++
    if (this.#beats % (SIZES_MS / everyMs) === 0) this.#sizes?.note(this.#beats % (SLOW_SIZES_MS / everyMs) === 0)
  }
}

function postmortemOrNull(file: string | null): Postmortem | null {
  try {
    return file === null ? null : postmortem(file)
  } catch {
    return null
  }
}

function checkTarget(target: unknown): void {
  if (typeof target !== 'string' || target === '' || target.includes('\0') || target.length > 3000) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', 'the path of a black box must be that of a file or a folder')
  }
}

function bindingHere(): BlackBoxBinding {
  const unsupported = (reason: string): CacheAttributionError =>
    new CacheAttributionError('ERR_BLACK_BOX_UNSUPPORTED', reason)
  if (!isMainThread) throw unsupported('a black box is opened in the main thread, whose JavaScript it records')
  const addon = addonOrNull()
  if (addon === null) throw unsupported(reasonAddonMissing()?.reason ?? 'the native addon cannot be loaded')
  if (addon.blackBox === null) throw unsupported(`a black box is recorded on Linux only, this is ${process.platform}`)
  return addon.blackBox
}

/** V8 calls one function alone: a snapshot that the user asked of Node is worth more. */
function hasOwnHeapLimitCallback(): boolean {
  return [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) => flag.includes('near-heap-limit'))
}
