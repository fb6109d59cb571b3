/**
 * A run's work inside a twin: it releases every cache one after the other and reads in between, all in one stretch.
 *
 * Rule: reads are shared, n + 1 collections for n releases: nothing else runs in a twin that could move a figure between
 * two windows. Each row goes to the parent as soon as it is known, so that a twin that ends early has reported the rest.
 */
import { UNREAD, difference } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import { withFigures } from '../../measure/sample.js'
import type { MemorySample } from '../../measure/sample.js'
import type { Instrument } from '../../measure/window.js'
import type { ReportWarning, RowError } from '../../report/types.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import type { DiscoverMessage } from '../../twin/discover/discover-progress.js'
import { snapshotAllowanceMs } from '../../twin/owners/snapshot-time.js'
import { discoverHere } from '../../twin/discover/discover.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { KnownCache } from '../../twin/discover/known-cache.js'
import type { TwinContext } from '../../twin/child.js'
import type { EmptyNode } from '../../twin/empty-node.js'
import { ReturnedPages } from '../../twin/returned-pages.js'
import { settleInTwin } from '../../twin/settle-in-twin.js'
import { askCache } from '../inspect.js'
import type { Inspection } from '../inspect.js'
import type { RegisteredCache } from '../registry.js'
import { checkInTwin } from './check-in-twin.js'
import type { CheckedLevel } from './check-in-twin.js'
import { TwinFinalizers } from './twin-finalizers.js'
import type { ResidualProbe } from '../../profiling/residual/residual-probe.js'
import { finalizersWait, notEmpty, residualUnexplained } from '../run/warnings.js'
import { EntryWatch } from '../run/entry-watch.js'
import type { TwinMessage, TwinRow } from './twin-message.js'
import type { TwinReleaseEnd } from './twin-release.js'
import { releaseInTwin, rowVerdict } from './twin-release.js'

/** One null release, or the release of a cache. */
export type TwinStep = { readonly cache: RegisteredCache } | { readonly cache: null }

/** The order for a twin; it sees everything of its parent as it was at the fork. */
export interface TwinReleases {
  readonly instrument: Instrument
  readonly steps: readonly TwinStep[]
  /** Processor time that one release may use. */
  readonly releaseTimeoutMs: number
  readonly durationMs: number | undefined
  /** Dumps heap profiles: before the first release, and of what lives after every release; null where that is not wanted. */
  readonly residual: Pick<ResidualProbe, 'dumpBeforeInTwin' | 'dumpInTwin'> | null
  /** Owners to list when the caches have been measured; 0: none. */
  readonly discover: number
  /** The registered caches: they are recognised among the owners. */
  readonly known: readonly KnownCache[]
  /** Node's own allocations, for the owners; null where they are not known. */
  readonly emptyNode: EmptyNode | null
  /** Why the heap is not walked for them: a walk ended the twin before this one; null where it is. */
  readonly noWalk: string | null
  /** Wraps the call of a release. */
  readonly duringRelease: (release: () => unknown) => unknown
  /** False where finalizers ended a twin before its first release: then they wait, as in a process whose loop is held. */
  readonly runsFinalizers: boolean
}

/** A collection may take this many times as long as the first in this twin, and this on top, before the twin gives up. */
const COLLECTION_FACTOR = 10

const COLLECTION_LEAST_MS = 30_000

const FIRST_COLLECTIONS_MS = 120_000

const DISCOVERY_MS = 600_000

const NOTHING_LEFT = 'nothing is left of budget.durationMs'

/** Reading the twin's own memory costs milliseconds a gigabyte. */
const COPIES_EVERY_MS = 250

/** Runs in the twin. */
export function releaseInChild(releases: TwinReleases, twin: TwinContext): void {
  new TwinWindows(releases, twin).measure()
}

/** The windows of one twin, one after the other. */
class TwinWindows {
  readonly #releases: TwinReleases
  readonly #twin: TwinContext
  readonly #watch: EntryWatch
  readonly #caches: readonly RegisteredCache[]
  readonly #startMs: number
  readonly #earlier: string[] = []
  #inspections = new Map<RegisteredCache, Inspection>()
  #level: Figures = UNREAD
  #settleMs = 0
  readonly #pages: ReturnedPages
  #allowMs = FIRST_COLLECTIONS_MS
  readonly #finalizers: TwinFinalizers
  #copiesAtMs = 0

  constructor(releases: TwinReleases, twin: TwinContext) {
    this.#releases = releases
    this.#twin = twin
    this.#caches = releases.steps.flatMap(({ cache }) => cache ?? [])
    this.#startMs = releases.instrument.environment.now()
    this.#pages = new ReturnedPages(releases.instrument)
    this.#finalizers = new TwinFinalizers({
      instrument: releases.instrument,
      isWanted: releases.runsFinalizers,
      bracket: (name, run) => this.#bracket(name, run),
    })
    this.#watch = new EntryWatch(
      this.#caches,
      (warning) => {
        this.#warn(warning)
      },
      ({ name }) => {
        this.#send({ kind: 'settle', name })
      },
    )
  }

  measure(): void {
    this.#watch.start()
    // Whatever runs between windows runs once before them: what it leaves behind the first time is no window's.
    this.#noteCopies(0)
    this.#send({ kind: 'settle', name: null })
    this.#settle(null)
    this.#dump((residual) => {
      residual.dumpBeforeInTwin()
    })
    this.#pages.prepare()
    const { level, selfCheck } = this.#checkSelf()
    this.#level = level
    if (!this.#finalizers.canRun && this.#releases.runsFinalizers) {
      this.#warn(finalizersWait('this Node exports no way to run them without a turn of the event loop'))
    }
    this.#allowMs = COLLECTION_LEAST_MS + COLLECTION_FACTOR * this.#settleMs
    this.#finalizers.noteLevel()
    this.#inspections = this.#watch.before(this.#caches)
    this.#pages.begin()
    this.#send({ kind: 'begin', before: this.#sample(), settleMs: this.#settleMs, selfCheck }, this.#allowMs)
    for (const { cache } of this.#releases.steps) {
      if (cache === null) this.#control()
      else this.#window(cache)
      this.#noteCopies(COPIES_EVERY_MS)
    }
    this.#send({ kind: 'end', after: this.#sample() })
    // Before owners are emptied, which no cache held either.
    this.#dump((residual) => {
      this.#send({ kind: 'residual', size: residual.dumpInTwin() })
    })
    this.#discover()
  }

  #checkSelf(): CheckedLevel {
    const { durationMs, instrument } = this.#releases
    const settle = (): Figures => {
      this.#send({ kind: 'settle', name: null }, FIRST_COLLECTIONS_MS)
      return this.#settle(null)
    }
    if (instrument.environment.checksRuns !== true) return { level: settle(), selfCheck: null }
    return checkInTwin(settle, this.#settleMs, durationMs)
  }

  /** A sample whose figures are those of the level: since it was read only garbage has come. */
  #sample(): MemorySample {
    return withFigures(this.#releases.instrument.sampler.sample(), this.#level)
  }

  /** After the last sample: what is emptied here is no part of the run's balance. */
  #discover(): void {
    const { discover, durationMs = Infinity, instrument, known, emptyNode, noWalk } = this.#releases
    if (discover === 0) return
    const endsAtMs = this.#startMs + durationMs
    this.#send({ kind: 'settle', name: null }, DISCOVERY_MS)
    try {
      if (instrument.environment.now() >= endsAtMs) throw new CacheAttributionError('ERR_BUDGET_DURATION', NOTHING_LEFT)
      const sendOwners = (discovery: Discovery): void => {
        this.#send({ kind: 'discovery', discovery })
      }
      const send = (message: DiscoverMessage): void => {
        if (message.kind === 'progress') this.#send({ kind: 'discovering', stage: message.stage }, DISCOVERY_MS)
        else if (message.kind === 'walked') sendOwners(message.early)
        else {
          // A twin that ends beside V8's snapshot was not ended by the walk.
          this.#send({ kind: 'discovering', stage: 'measuring' }, snapshotAllowanceMs(message.mostMs))
          sendOwners(message.early)
        }
      }
      sendOwners(discoverHere(instrument, { limit: discover, known, endsAtMs, emptyNode, noWalk, send }))
    } catch (error) {
      this.#warn({ code: 'WARN_DISCOVERY_FAILED', message: `owners could not be found: ${messageOf(error)}` })
    }
    this.#noteCopies(0)
  }

  #dump(write: (residual: NonNullable<TwinReleases['residual']>) => void): void {
    const { residual } = this.#releases
    if (residual === null) return
    try {
      write(residual)
    } catch (error) {
      this.#warn(residualUnexplained(messageOf(error)))
    }
  }

  #control(): void {
    this.#send({ kind: 'settle', name: null }, this.#allowMs)
    const after = this.#settle(null)
    const residentFall = this.#pages.fall(this.#level.heapBytes - after.heapBytes)
    this.#send({ kind: 'control', change: difference(this.#level, after), residentFall })
    this.#level = after
  }

  #window(cache: RegisteredCache): void {
    const { instrument, duringRelease, durationMs, releaseTimeoutMs } = this.#releases
    const { environment } = instrument
    const { name } = cache
    const windowMs = environment.now()
    if (durationMs !== undefined && windowMs - this.#startMs + this.#settleMs > durationMs) {
      this.#send({ kind: 'skip', name, error: outOfTime(this.#settleMs, durationMs) })
      return
    }
    const inspection = this.#inspections.get(cache)
    this.#watch.beforeItsRelease(cache, inspection?.entries ?? null, this.#earlier)
    this.#send({ kind: 'release', name }, releaseTimeoutMs)
    const end = releaseInTwin(cache, this.#twin, duringRelease)
    this.#send({ kind: 'settle', name }, this.#allowMs)
    const after = this.#settle(name)
    const before = this.#level
    this.#send({ kind: 'settle', name }, this.#allowMs)
    const residentFall = this.#pages.fall(before.heapBytes - after.heapBytes)
    this.#level = after
    this.#earlier.push(name)
    this.#sendRow(cache, end, { before, after, residentFall, durationMs: environment.now() - windowMs })
  }

  #sendRow(
    cache: RegisteredCache,
    end: TwinReleaseEnd,
    window: Pick<TwinRow, 'before' | 'after' | 'residentFall' | 'durationMs'>,
  ): void {
    const { name } = cache
    const { status, error } = end
    const entriesAfter = askCache(cache, 'entries', (warning) => {
      this.#warn(warning)
    })
    const inspection = this.#inspections.get(cache)
    const { skip, warning } = rowVerdict(end, entriesAfter)
    const refusal = skip ?? this.#finalizers.refusalOf(window.before, window.after, inspection?.claimedBytes ?? null)
    this.#finalizers.noteLevel()
    if (refusal !== undefined) {
      this.#send({ kind: 'skip', name, error: refusal })
      return
    }
    if (warning !== undefined) this.#warn(warning(name))
    if (status === 'released' && (entriesAfter ?? 0) > 0) this.#warn(notEmpty(name, entriesAfter ?? 0))
    this.#send({
      kind: 'row',
      row: {
        name,
        status,
        ...window,
        entriesBefore: inspection?.entries ?? null,
        entriesAfter,
        claimedBytes: inspection?.claimedBytes ?? null,
        ...(error === undefined ? {} : { error }),
      },
    })
  }

  /** The live bytes now. */
  #settle(name: string | null): Figures {
    const { figures, tookMs } = settleInTwin(this.#releases.instrument, () => this.#finalizers.run(name))
    this.#settleMs = tookMs
    return this.#pages.asUnpurged(figures)
  }

  /** Finalizers have the time of a release, and the collections after them that of collections. */
  #bracket(name: string | null, run: () => unknown): unknown {
    const { duringRelease, releaseTimeoutMs } = this.#releases
    this.#send({ kind: 'finalize', name }, releaseTimeoutMs)
    const ran = duringRelease(run)
    this.#send({ kind: 'settle', name }, this.#allowMs)
    return ran
  }

  #noteCopies(everyMs: number): void {
    const { environment } = this.#releases.instrument
    if (environment.now() - this.#copiesAtMs < everyMs) return
    this.#twin.noteCopies()
    this.#copiesAtMs = environment.now()
  }

  #send(message: TwinMessage, allowMs?: number): void {
    this.#twin.send(message, allowMs)
  }

  #warn(warning: ReportWarning): void {
    this.#send({ kind: 'warning', warning })
  }
}

function outOfTime(settleMs: number, durationMs: number): RowError {
  return {
    code: 'ERR_BUDGET_DURATION',
    message: `it would take about ${settleMs.toFixed(0)} ms more than budget.durationMs of ${String(durationMs)} ms leaves`,
  }
}
