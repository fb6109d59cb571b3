/**
 * What a run does inside a twin: releases every cache one after the other and reads in between, all in one stretch.
 *
 * Rule: reads are shared, n + 1 collections for n releases: nothing else runs in a twin that could move a figure between
 * two windows. Each row goes to the parent as soon as it is known, so that a twin that ends early has told the rest.
 */
import { figuresOf } from '../measure/sample.js'
import type { Figures, MemorySample } from '../measure/sample.js'
import type { Instrument } from '../measure/window.js'
import { difference } from '../report/build.js'
import type { CacheStatus, ReportWarning, RowError } from '../report/types.js'
import { messageOf } from '../support/errors.js'
import type { TwinContext } from '../twin/life.js'
import { inspect } from './inspect.js'
import type { Inspection } from './inspect.js'
import type { RegisteredCache } from './registry.js'
import { ReleaseCall } from './release.js'
import { notEmpty, twinFirstTurn } from './warnings.js'
import { EntryWatch } from './watch.js'

/** One null release, or the release of a cache. */
export type TwinStep = { readonly cache: RegisteredCache } | { readonly cache: null }

/** One window as the twin tells it. */
export interface TwinRow {
  readonly name: string
  readonly status: CacheStatus
  readonly before: Figures
  readonly after: Figures
  readonly entriesBefore: number | null
  readonly entriesAfter: number | null
  readonly claimedBytes: number | null
  readonly durationMs: number
  readonly error?: RowError
}

/** What a twin tells its parent. */
export type TwinMessage =
  | { readonly kind: 'begin'; readonly before: MemorySample; readonly settleMs: number }
  | { readonly kind: 'release'; readonly name: string | null }
  | { readonly kind: 'control'; readonly change: Figures }
  | { readonly kind: 'row'; readonly row: TwinRow }
  | { readonly kind: 'skip'; readonly name: string; readonly error: RowError }
  | { readonly kind: 'warning'; readonly warning: ReportWarning }
  | { readonly kind: 'end'; readonly after: MemorySample }

/** What the twin is given; it sees everything of its parent as it was at the fork. */
export interface TwinReleases {
  readonly instrument: Instrument
  readonly steps: readonly TwinStep[]
  /** Processor time that one release may use. */
  readonly releaseTimeoutMs: number
  readonly durationMs: number | undefined
}

/** A collection may take so many times as long as the first in this twin, and this on top, before it is given up. */
const COLLECTION_FACTOR = 10
const COLLECTION_LEAST_MS = 30_000
/** A look at the twin's own memory costs milliseconds a gigabyte. */
const COPIES_EVERY_MS = 250

/** Runs in the twin. */
export function releaseInTwin({ instrument, steps, releaseTimeoutMs, durationMs }: TwinReleases, twin: TwinContext): void {
  const { environment, sampler } = instrument
  const startMs = environment.now()
  const send = (message: TwinMessage, allowMs?: number): void => {
    twin.send(message, allowMs)
  }
  const warn = (warning: ReportWarning): void => {
    send({ kind: 'warning', warning })
  }
  const watch = new EntryWatch(
    steps.flatMap(({ cache }) => cache ?? []),
    warn,
  )
  watch.start()
  collect(instrument)
  const secondMs = environment.now()
  collect(instrument)
  let settleMs = environment.now() - secondMs
  const allowMs = COLLECTION_LEAST_MS + COLLECTION_FACTOR * settleMs
  const before = sampler.sample()
  let level = figuresOf(before)
  send({ kind: 'begin', before, settleMs }, allowMs)
  twin.noteCopies()
  let copiesAtMs = environment.now()
  const earlier: string[] = []
  const inspections = watch.before(steps.flatMap(({ cache }) => cache ?? []))
  for (const { cache } of steps) {
    const windowMs = environment.now()
    if (cache !== null && durationMs !== undefined && windowMs - startMs + settleMs > durationMs) {
      send({ kind: 'skip', name: cache.name, error: outOfTime(settleMs, durationMs) })
      continue
    }
    send({ kind: 'release', name: cache?.name ?? null }, cache === null ? allowMs : releaseTimeoutMs)
    if (cache !== null) watch.beforeItsRelease(cache, inspections.get(cache)?.entries ?? null, earlier)
    const end = cache === null ? undefined : release(cache, twin)
    const collectMs = environment.now()
    send({ kind: 'release', name: cache?.name ?? null }, allowMs)
    collect(instrument)
    settleMs = environment.now() - collectMs
    const after = sampler.figures()
    if (cache === null || end === undefined) {
      send({ kind: 'control', change: difference(level, after) })
    } else {
      earlier.push(cache.name)
      tellRow(cache, end, inspections.get(cache), { before: level, after, durationMs: environment.now() - windowMs })
    }
    level = after
    if (environment.now() - copiesAtMs > COPIES_EVERY_MS) {
      twin.noteCopies()
      copiesAtMs = environment.now()
    }
  }
  send({ kind: 'end', after: sampler.sample() })

  function tellRow(
    cache: RegisteredCache,
    end: TwinReleaseEnd,
    inspection: Inspection | undefined,
    window: { readonly before: Figures; readonly after: Figures; readonly durationMs: number },
  ): void {
    const { name } = cache
    const entriesAfter = inspect(cache, warn).entries
    const row = rowOf(end, entriesAfter)
    if (row.skip !== undefined) {
      send({ kind: 'skip', name, error: row.skip })
      return
    }
    if (row.warning !== undefined) warn(row.warning(name))
    const { status, error } = end
    if (status === 'released' && (entriesAfter ?? 0) > 0) warn(notEmpty(name, entriesAfter ?? 0))
    send({
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
}

/** A release that is still at work when its microtasks have run waits for something that never comes here. */
interface TwinReleaseEnd {
  readonly status: 'released' | 'failed'
  readonly isPending: boolean
  readonly error?: RowError
}

function release(cache: RegisteredCache, twin: TwinContext): TwinReleaseEnd {
  const failed = (error: unknown): TwinReleaseEnd => ({
    status: 'failed',
    isPending: false,
    error: { code: 'ERR_RELEASE_FAILED', message: messageOf(error) },
  })
  try {
    const returned = new ReleaseCall(cache, 'twin').call()
    if (typeof (returned as { then?: unknown } | null | undefined)?.then !== 'function') {
      return { status: 'released', isPending: false }
    }
    let end: TwinReleaseEnd = { status: 'released', isPending: true }
    Promise.resolve(returned).then(
      () => (end = { status: 'released', isPending: false }),
      (error: unknown) => (end = failed(error)),
    )
    twin.runMicrotasks()
    return end
  } catch (error) {
    return failed(error)
  }
}

/**
 * A release that goes on in later turns often has dropped its entries by then: where the cache counts none any more the
 * row is whole, where it cannot tell the row says so, and where entries are left there is no row.
 */
function rowOf(
  end: TwinReleaseEnd,
  entriesAfter: number | null,
): { readonly skip?: RowError; readonly warning?: (name: string) => ReportWarning } {
  if (!end.isPending || entriesAfter === 0) return {}
  if (entriesAfter === null) return { warning: twinFirstTurn }
  return {
    skip: {
      code: 'ERR_TWIN_ASYNC',
      message: `after its first turn ${String(entriesAfter)} entries are left, and in a twin no other follows`,
    },
  }
}

/** No thread is left that could work on anything: nothing is drained. */
function collect({ collector, sampler }: Instrument): void {
  collector?.major()
  sampler.noteHeap()
  collector?.minor()
  sampler.look()
}

function outOfTime(settleMs: number, durationMs: number): RowError {
  return {
    code: 'ERR_BUDGET_DURATION',
    message: `it would take about ${settleMs.toFixed(0)} ms more than budget.durationMs of ${String(durationMs)} ms leaves`,
  }
}
