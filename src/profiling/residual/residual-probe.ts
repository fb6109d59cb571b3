/**
 * The profile of what no cache held: dumped when every cache of a run has been released, in the twin or in this process. Where
 * code says that it fills a cache (`account()`), there is one of before the first release as well: what each cache had.
 *
 * Rule: a run has the run's lock already; the probe takes the profiler's after it and gives it back first, so that
 * nobody resets or switches the profiler between the begin of a run and its dump.
 */
import type { Allocator, Mallctl } from '../../allocator/port.js'
import { addonOrNull } from '../../allocator/binding.js'
import { fstatSync, ftruncateSync, readFileSync, writeSync } from 'node:fs'
import { takeProfilingLock } from '../../measure/locks.js'
import type { ReportResidual } from '../../report/residual/types.js'
import type { SampledBytes } from '../../report/values.js'
import { CacheAttributionError } from '../../support/errors.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { topTable } from '../../heap-profile/output/top.js'
import { followProfiler } from '../javascript-stacks/recording.js'
import { markedCaches } from '../javascript-stacks/scopes.js'
import { addJavaScriptNames, checkWhole, dumpInto, openTemporaryFile } from '../profiler/dump-file.js'
import { readProfilingState, requireProfiling } from '../profiler/profiling-state.js'
import { profileInProgress } from '../profiler/switch-on.js'
import { readHeapProfile } from '../../heap-profile/profile/parse-heap-profile.js'
import { symbolize } from '../../heap-profile/symbols/symbolize.js'
import { residualOf } from './residual-of.js'

/** Ready to dump; used for one run. */
export class ResidualProbe {
  readonly #mallctl: Mallctl
  readonly #giveBack: () => void
  readonly #file: UnnamedFile
  /** Of before the first release; null where no code fills a cache by `account()`. */
  readonly #before: UnnamedFile | null
  /** In a twin, which has one file: the text of the dump of before, until the other is written. */
  #text: Buffer | null = null
  #hasBefore = false
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
    let file: UnnamedFile | null = null
    try {
      file = openTemporaryFile()
      this.#before = markedCaches().length === 0 ? null : openTemporaryFile()
      this.#file = file
    } catch (error) {
      file?.close()
      giveBack()
      throw error
    }
    this.#giveBack = giveBack
  }

  /** The descriptor that a twin has to keep open for {@link ResidualProbe.dumpInTwin}. */
  get descriptor(): number {
    return this.#file.descriptor
  }

  /** In this process, before the first release. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
  dumpBefore(): void {
    if (this.#before === null) return
    dumpInto(this.#mallctl, this.#before)
    this.#hasBefore = true
  }

  /** In a twin, before the first release, after garbage was collected. @throws MallctlError, or what the file system says */
  dumpBeforeInTwin(): void {
    if (this.#before === null) return
    this.#dumpHere()
    this.#text = readFileSync(this.#file.path)
  }

  /** In this process. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
  dump(): void {
    dumpInto(this.#mallctl, this.#file)
    this.#takenIn = 'process'
  }

  /** In a twin: writes to what was kept open for it; where the dump of before begins in it. @throws MallctlError */
  dumpInTwin(): number {
    this.#dumpHere()
    const { size } = fstatSync(this.#file.descriptor)
    if (this.#text !== null) writeSync(this.#file.descriptor, this.#text, 0, this.#text.length, size)
    return size
  }

  #dumpHere(): void {
    addonOrNull()?.twin?.dumpProfile()
  }

  /** The twin has dumped; its second dump begins at `size`. */
  noteTwin(size: number): void {
    this.#takenIn = 'twin'
    if (this.#before === null) return
    const whole = readFileSync(this.#file.path)
    ftruncateSync(this.#file.descriptor, size)
    this.#hasBefore = whole.length > size
    writeSync(this.#before.descriptor, whole, size, whole.length - size, 0)
  }

  /**
   * The live memory, by the stacks that allocated it. Null where the run came to its end before a dump.
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

  /**
   * The sampled memory of each cache that code says it fills, before the first release: of the allocator's memory.
   *
   * @throws CacheAttributionError `ERR_PROFILE_DUMP` and those of the parser
   */
  async sampledCaches(): Promise<ReadonlyMap<string, SampledBytes>> {
    if (this.#before === null || !this.#hasBefore) return new Map()
    const { descriptor, path } = this.#before
    checkWhole(descriptor)
    if (this.#takenIn === 'twin') addJavaScriptNames(descriptor)
    const { rows } = topTable(await readHeapProfile(path, { threads: false }))
    const rowOf = new Map(rows.map((row) => [row.name, row]))
    return new Map(
      markedCaches().map((name) => {
        const { cumulative = 0, cumulativeUncertainty = null } = rowOf.get(`(cache ${name})`) ?? {}
        const half = cumulativeUncertainty === null ? null : Math.ceil(cumulativeUncertainty)
        return [name, { allocatedBytes: Math.round(cumulative), uncertaintyBytes: half }]
      }),
    )
  }

  /** Gives the lock back; the dumps are gone. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#file.close()
    this.#before?.close()
    this.#giveBack()
  }
}
