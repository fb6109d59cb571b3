/**
 * The profile of what no cache held: dumped when every cache of a run has been released, in the twin or in this process.
 *
 * Rule: a run has the run's lock already; the probe takes the profiler's after it and gives it back first, so that
 * nobody resets or switches the profiler between the begin of a run and its dump.
 */
import type { Allocator, Mallctl } from '../../allocator/port.js'
import { addonOrNull } from '../../allocator/binding.js'
import { takeProfilingLock } from '../../measure/locks.js'
import type { ReportResidual } from '../../report/residual/types.js'
import { CacheAttributionError } from '../../support/errors.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { followProfiler } from '../javascript-stacks/recording.js'
import { addJavaScriptNames, checkWhole, dumpInto, openTemporaryFile } from '../profiler/dump-file.js'
import { readProfilingState, requireProfiling } from '../profiler/profiling-state.js'
import { profileInProgress } from '../profiler/switch-on.js'
import { readHeapProfile } from '../../heap-profile/profile/parser.js'
import { symbolize } from '../../heap-profile/symbols/symbolize.js'
import { residualOf } from './stacks.js'

/** Ready to dump; used for one run. */
export class ResidualProbe {
  readonly #mallctl: Mallctl
  readonly #giveBack: () => void
  readonly #file: UnnamedFile
  #takenIn: ReportResidual['takenIn'] | undefined
  #isClosed = false

  /**
   * @throws CacheAttributionError `ERR_PROFILING_*`, `ERR_PROFILE_IN_PROGRESS`, `ERR_PROFILE_DUMP`
   */
  constructor(allocator: Allocator) {
    this.#mallctl = requireProfiling(allocator)
    if (readProfilingState(allocator).active !== true) {
      throw new CacheAttributionError(
        'ERR_PROFILING_OFF',
        'profiling is off, so nothing that lives was sampled: let it run for a while before, with new HeapProfiler().activate() or MALLOC_CONF=prof:true',
      )
    }
    followProfiler(this.#mallctl)
    const giveBack = takeProfilingLock()
    if (giveBack === null) throw profileInProgress('a capture is under way')
    try {
      this.#file = openTemporaryFile()
    } catch (error) {
      giveBack()
      throw error
    }
    this.#giveBack = giveBack
  }

  /** What a twin has to keep open for {@link ResidualProbe.dumpInTwin}. */
  get descriptor(): number {
    return this.#file.descriptor
  }

  /** In this process. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
  dump(): void {
    dumpInto(this.#mallctl, this.#file)
    this.#takenIn = 'process'
  }

  /** In a twin: writes to what was kept open for it. @throws MallctlError */
  dumpInTwin(): void {
    addonOrNull()?.twin?.dumpProfile()
  }

  /** The twin has dumped. */
  noteTwin(): void {
    this.#takenIn = 'twin'
  }

  /**
   * What lives, by the stacks that allocated it. Null where the run came to its end before a dump.
   *
   * @throws CacheAttributionError `ERR_PROFILE_DUMP` and those of the parser
   */
  async explain(): Promise<ReportResidual | null> {
    if (this.#takenIn === undefined) return null
    checkWhole(this.#file.descriptor)
    if (this.#takenIn === 'twin') addJavaScriptNames(this.#file.descriptor)
    const profile = await readHeapProfile(this.#file.path, { threads: false })
    return residualOf(await symbolize(profile, { lines: false }), this.#takenIn)
  }

  /** Gives the lock back; the dump is gone. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#file.close()
    this.#giveBack()
  }
}
