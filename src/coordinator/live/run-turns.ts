/**
 * The turns of a run: releases and reads in one turn of the event loop, and what follows where a release goes on in
 * later ones.
 *
 * Rule: up to the moment of its release a cache may still be unregistered, and the run aborted: then it is not released.
 */
import type { GcMode } from '../../measure/settle.js'
import type { WindowReading, WindowStep } from '../../measure/window.js'
import { difference } from '../../measure/figures.js'
import type { Measurement } from '../../report/measured-cache.js'
import { controlWindow } from '../../report/other-threads.js'
import type { RowError } from '../../report/types.js'
import { ABORTED, UNREGISTERED } from '../run/run-context.js'
import type { RunCache, RunContext } from '../run/run-context.js'
import { inspectCache } from '../inspect.js'
import type { Inspection } from '../inspect.js'
import type { LiveLedger } from './live-ledger.js'
import type { PlannedStep, TrimBatch } from '../run/plan.js'
import type { RunReadings } from './run-readings.js'
import type { RegisteredCache } from '../registry.js'
import { ReleaseCall, endOf } from '../run/release-call.js'
import type { ReleaseEnd } from '../run/release-call.js'
import { notEmpty, notSettled } from '../run/warnings.js'
import type { EntryWatch } from '../run/entry-watch.js'

/** The state that the turns share with their run. */
export interface TurnsParts {
  readonly readings: RunReadings
  readonly ledger: LiveLedger
  readonly watch: EntryWatch
  /** Milliseconds since the run began. */
  elapsedMs(): number
}

type Step = PlannedStep<RunCache>

/** A cache in its turn. */
interface BoundCache {
  readonly cache: RegisteredCache
  readonly call: ReleaseCall
  /** The part of it that is dropped; undefined where all of it is. */
  readonly batch: TrimBatch | undefined
  claimedAfter: number | null
  inspection: Inspection | undefined
  entriesAfter: number | null
  /** Why it was not released after all. */
  refusal: RowError | undefined
}

/** A step with the cache it stands for; a control has none. */
interface BoundStep {
  readonly step: Step
  readonly bound: BoundCache | null
}

/** Makes the turns of one run, one after the other. */
export class RunTurns {
  readonly #context: RunContext
  readonly #parts: TurnsParts

  constructor(context: RunContext, parts: TurnsParts) {
    this.#context = context
    this.#parts = parts
  }

  /** Releases and reads in one turn; gives back the steps that an asynchronous release put off. */
  async make(gc: GcMode, planned: readonly Step[]): Promise<readonly Step[]> {
    const { readings, watch } = this.#parts
    const isStepped = gc === 'natural' || planned.some((step) => step.kind === 'cache' && step.planned.asynchronous)
    if (isStepped) await readings.topUpLevels(gc)
    await readings.pace(gc)
    const steps = this.#bind(planned)
    if (steps.length === 0) return []
    const caches = steps.flatMap(({ bound }) => bound ?? [])
    const inspections = watch.before(caches.map(({ cache }) => cache))
    for (const bound of caches) bound.inspection = inspections.get(bound.cache)
    const { windows } = await readings.turn(
      gc,
      steps.map((_, index) => this.#windowStep(steps, index)),
      () => {
        const left = watch.after(caches.map(({ cache }) => cache))
        for (const bound of caches) {
          // Of several parts in one turn each was counted right behind itself.
          if (bound.batch === undefined) bound.entriesAfter = left.get(bound.cache) ?? null
        }
      },
    )
    for (const [index, window] of windows.entries()) {
      const bound = steps[index]?.bound ?? null
      if (bound === null) this.#noteControl(gc, window)
      else await this.#noteCache(gc, bound, window)
    }
    if (windows.length > 1) readings.shareGap(askedIn(steps.slice(0, windows.length)))
    return steps.slice(windows.length).map(({ step }) => step)
  }

  /** The caches behind the steps; nothing is left of a turn after an abort. */
  #bind(planned: readonly Step[]): BoundStep[] {
    return planned.flatMap((step): BoundStep[] => {
      if (step.kind === 'control') return this.#context.signal.aborted ? [] : [{ step, bound: null }]
      const { cache } = step.planned
      if (this.#parts.ledger.isClosed(cache)) return []
      const refusal = this.#refusal(cache)
      if (refusal !== undefined) {
        this.#parts.ledger.skip(cache, refusal)
        return []
      }
      const { batch } = step
      const call = new ReleaseCall(cache, this.#context.options.mode, batch)
      const unseen = { inspection: undefined, entriesAfter: null, claimedAfter: null, refusal: undefined }
      return [{ step, bound: { cache, call, batch, ...unseen } }]
    })
  }

  #refusal(cache: RegisteredCache): RowError | undefined {
    if (this.#context.signal.aborted) return ABORTED
    return this.#context.isRegistered(cache) ? undefined : UNREGISTERED
  }

  #windowStep(steps: readonly BoundStep[], index: number): WindowStep {
    const bound = steps[index]?.bound
    if (bound == null) return { release: () => undefined }
    const before = steps.slice(0, index).flatMap((step) => step.bound ?? [])
    const own = before.filter(({ cache }) => cache === bound.cache)
    const earlier = before.flatMap(({ cache }) => (cache === bound.cache ? [] : [cache.name]))
    const { watch } = this.#parts
    let isAsked = false
    return {
      release: () => {
        bound.refusal = this.#refusal(bound.cache)
        // After a part that failed nothing more is asked of the cache.
        if (bound.refusal !== undefined || own.some(({ call }) => call.hasThrown)) return undefined
        if (earlier.length > 0 && own.length === 0) {
          watch.beforeItsRelease(bound.cache, bound.inspection?.entries ?? null, earlier)
        }
        if (own.length > 0) bound.inspection = this.#inspect(bound.cache)
        isAsked = true
        return this.#context.duringRelease(() => bound.call.call())
      },
      afterRelease: () => {
        // Not when the call returned: it may delete in microtasks.
        if (isAsked && bound.batch !== undefined) this.#inspectAfter(bound)
      },
    }
  }

  #inspect(cache: RegisteredCache): Inspection {
    return inspectCache(cache, (warning) => this.#parts.ledger.warn(warning))
  }

  /** A cache's count behind the drop of a part. */
  #inspectAfter(bound: BoundCache): void {
    const { entries, claimedBytes } = this.#inspect(bound.cache)
    bound.entriesAfter = entries
    bound.claimedAfter = claimedBytes
  }

  #noteControl(gc: GcMode, window: WindowReading): void {
    this.#parts.ledger.controls[gc].push(controlWindow(window))
    this.#parts.readings.explain(gc, null, window)
  }

  async #noteCache(gc: GcMode, bound: BoundCache, window: WindowReading): Promise<void> {
    const { ledger, readings } = this.#parts
    const { cache, inspection } = bound
    const { name } = cache
    if (bound.refusal !== undefined || ledger.isClosed(cache)) {
      readings.explain(gc, null, window)
      if (bound.refusal !== undefined) ledger.skip(cache, bound.refusal)
      return
    }
    const isAtomic = window.state.kind !== 'pending' && gc !== 'natural'
    const startMs = this.#parts.elapsedMs() - window.pauseMs
    const { status, error, measurement } = isAtomic
      ? this.#endAtomic(gc, cache, window)
      : await this.#endStepped(gc, bound, window)
    if (!window.settled) ledger.warn(notSettled(name))
    const { batch, claimedAfter, entriesAfter } = bound
    const row = {
      gc,
      name,
      status,
      measurement,
      entriesBefore: inspection?.entries ?? null,
      entriesAfter,
      claimedBytes: inspection?.claimedBytes ?? null,
      settled: window.settled,
      pauseMs: window.pauseMs,
      durationMs: this.#parts.elapsedMs() - startMs,
      ...(error === undefined ? {} : { error }),
    }
    if (batch !== undefined) {
      ledger.trim(cache, { ...row, status: status === 'released' ? 'trimmed' : status, batch, claimedAfter })
      return
    }
    if (status === 'released' && entriesAfter !== null && entriesAfter > 0) ledger.warn(notEmpty(name, entriesAfter))
    ledger.release(cache, row, difference(window.before, window.after))
  }

  #endAtomic(
    gc: GcMode,
    cache: RegisteredCache,
    window: WindowReading,
  ): ReleaseEnd & { readonly measurement: Measurement } {
    const { state, before, after } = window
    this.#parts.readings.explain(gc, cache.name, window)
    const end = state.kind === 'pending' ? { status: 'released' as const } : endOf(state)
    return { ...end, measurement: { kind: 'atomic', before, after } }
  }

  /** The release goes on in later turns, or its memory goes with a later GC: levels on both sides. */
  async #endStepped(
    gc: GcMode,
    bound: BoundCache,
    { state, before, after }: WindowReading,
  ): Promise<ReleaseEnd & { readonly measurement: Measurement }> {
    const { readings } = this.#parts
    const { settings, signal } = this.#context
    const { cache, call } = bound
    const levelsBefore = readings.beginFarSide(gc)
    let end: ReleaseEnd
    if (state.kind === 'pending') {
      cache.wasAsynchronous = true
      end = await call.end(state.outcome, settings.releaseTimeoutMs, signal)
      this.#inspectAfter(bound)
    } else {
      end = endOf(state)
    }
    const levelsAfter = await readings.farSide(gc, levelsBefore)
    return { ...end, measurement: { kind: 'stepped', firstTurn: { before, after }, levelsBefore, levelsAfter } }
  }
}

/** The caches that were asked in a turn, each once. */
function askedIn(steps: readonly BoundStep[]): string[] {
  const asked = steps.flatMap(({ bound }) => (bound === null || bound.refusal !== undefined ? [] : [bound.cache.name]))
  return [...new Set(asked)]
}
