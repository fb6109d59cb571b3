/**
 * The readings of one run: paces them, and keeps what follows from each: levels, gaps, pauses and what settling costs.
 *
 * Rule: before every reading the event loop turns equally long, since how much is in flight depends on how long ago the
 * loop was last held, and only levels of the same phase can be compared.
 */
import { figuresOf } from '../../measure/sample.js'
import type { Figures, MemorySample } from '../../measure/sample.js'
import type { GcMode } from '../../measure/settle.js'
import { inStretch } from '../../measure/in-stretch.js'
import { measureLevel, measureTurn } from '../../measure/window.js'
import type { Instrument, TurnReadings, WindowStep } from '../../measure/window.js'
import { difference } from '../../measure/figures.js'
import type { LateGap } from '../../report/late-bytes.js'
import type { FigureLevel } from '../../report/measured-cache.js'
import { levelsSuffice } from '../../report/statistics.js'
import { LevelSeries } from './level-series.js'

/** How long the loop turns before a reading: as long as the last one held it, within these bounds. */
export const YIELD_MS = { least: 25, most: 250 } as const

/** How long the loop turns after a pause. */
export function yieldMs(pauseMs: number): number {
  return Math.min(YIELD_MS.most, Math.max(YIELD_MS.least, pauseMs))
}

/** Levels on either side of an asynchronous release: how many, and the half-width of the interval that is aimed at. */
export const LEVELS = { least: 8, most: 24, natural: 3, wantedBytes: 2 * 1024 * 1024 } as const

/** The dependencies of the readings. */
export interface ReadingsContext {
  readonly instrument: Instrument
  readonly signal: AbortSignal
  readonly naturalGcTimeoutMs: number
  /** V8 made no major GC of its own in time. */
  onNoNaturalGc(): void
}

/**
 * The readings of one run. Those of different kinds do not mix: what is garbage at one counts as live at another.
 */
export class RunReadings {
  /** The cost of the latest settling of each kind. */
  readonly cost: Record<GcMode, number> = { forced: 0, natural: 0, none: 0 }
  /** How long the latest reading of each kind waited for one of V8's own collections. */
  readonly waitMs: Record<GcMode, number> = { forced: 0, natural: 0, none: 0 }
  readonly gaps: LateGap[] = []
  /** Every stretch for which the event loop was held. */
  readonly pausesMs: number[] = []
  readonly #context: ReadingsContext
  readonly #levels = { forced: new LevelSeries(), natural: new LevelSeries(), none: new LevelSeries() }
  /** The last read of the latest window, and whose it was, until the next read in a later turn. */
  #lastRead: { readonly gc: GcMode; readonly caches: readonly string[]; readonly figures: Figures } | undefined

  constructor(context: ReadingsContext) {
    this.#context = context
  }

  /** A settled sample in a turn of its own. */
  async level(gc: GcMode): Promise<MemorySample> {
    await this.pace(gc)
    const { sample, pauseMs, atMs } = await measureLevel(this.#context.instrument, gc)
    this.cost[gc] = pauseMs
    this.pausesMs.push(pauseMs)
    this.#addLevel(gc, figuresOf(sample), atMs)
    return sample
  }

  /** Windows in one turn, after {@link RunReadings.pace}; `afterTurn` looks at the caches right after it. */
  async turn(gc: GcMode, steps: readonly WindowStep[], afterTurn: () => void): Promise<TurnReadings> {
    const readings = await measureTurn(this.#context.instrument, gc, steps, afterTurn)
    const { pauseMs, windows, startedAtMs } = readings
    this.pausesMs.push(pauseMs)
    const releasing = windows.reduce((sum, { releaseMs }) => sum + releaseMs, 0)
    this.cost[gc] = (pauseMs - releasing) / (windows.length + 1)
    const [first] = windows
    if (first !== undefined) this.#addLevel(gc, first.before, startedAtMs)
    return readings
  }

  /**
   * A window that is no part of the run but of its pauses: it leaves no level, and other windows cost what they cost. `make` is
   * called in the turn before it. Null after an abort.
   */
  async aside<Step extends WindowStep>(
    gc: GcMode,
    make: () => Step,
  ): Promise<{ readonly step: Step; readonly change: Figures } | null> {
    const { instrument, signal } = this.#context
    await this.pace(gc)
    if (signal.aborted) return null
    const step = inStretch(() => instrument.environment.now(), this.pausesMs, make)
    const { pauseMs, windows } = await measureTurn(instrument, gc, [step])
    this.pausesMs.push(pauseMs)
    const [window] = windows
    return window === undefined ? null : { step, change: difference(window.before, window.after) }
  }

  /** A window whose change is known exactly: it is put back into the levels. `cache` is null after a control. */
  explain(
    gc: GcMode,
    cache: string | null,
    { before, after }: { readonly before: Figures; readonly after: Figures },
  ): void {
    for (const levels of Object.values(this.#levels)) levels.putBack(difference(before, after))
    this.#lastRead = { gc, caches: cache === null ? [] : [cache], figures: after }
  }

  /** Any of these caches may be the cause of what goes before the next reading. */
  shareGap(caches: readonly string[]): void {
    if (this.#lastRead !== undefined) this.#lastRead = { ...this.#lastRead, caches }
  }

  /** Takes as many levels as the near side of an asynchronous release needs. */
  async topUpLevels(gc: GcMode): Promise<void> {
    const wanted = gc === 'natural' ? LEVELS.natural : LEVELS.least
    while (this.#levels[gc].current.length < wanted && !this.#context.signal.aborted) await this.level(gc)
  }

  /** The levels so far; those that come belong to the far side of an asynchronous release. */
  beginFarSide(gc: GcMode): readonly FigureLevel[] {
    // A fall from here on is that release's: no late bytes of one before it in the same turn.
    this.#lastRead = undefined
    const nearSide = this.#levels[gc].current
    for (const levels of Object.values(this.#levels)) levels.startAnew()
    return nearSide
  }

  /** Takes levels until the step between both sides is known well enough. */
  async farSide(gc: GcMode, nearSide: readonly FigureLevel[]): Promise<readonly FigureLevel[]> {
    const [least, most] = gc === 'natural' ? [LEVELS.natural, LEVELS.natural] : [LEVELS.least, LEVELS.most]
    const bounds = { least, most, wantedBytes: LEVELS.wantedBytes }
    do {
      await this.level(gc)
    } while (!this.#context.signal.aborted && !levelsSuffice(nearSide, this.#levels[gc].current, bounds))
    return [...this.#levels[gc].current]
  }

  /** Before every reading: lets the loop turn; with `natural` until V8 has collected. An abort ends it early. */
  async pace(gc: GcMode): Promise<void> {
    const { instrument, naturalGcTimeoutMs, signal } = this.#context
    const { environment } = instrument
    await environment.yieldToLoop(yieldMs(this.pausesMs.at(-1) ?? 0), signal)
    if (gc !== 'natural' || signal.aborted) return
    const startMs = environment.now()
    const isCollected = await environment.nextMajorGc(naturalGcTimeoutMs, signal)
    this.waitMs.natural = environment.now() - startMs
    if (!isCollected && !this.#context.signal.aborted) this.#context.onNoNaturalGc()
  }

  #addLevel(gc: GcMode, figures: Figures, atMs: number): void {
    const newLow = this.#levels[gc].add(figures, atMs)
    const lastRead = this.#lastRead
    this.#lastRead = undefined
    if (lastRead?.gc !== gc) return
    this.gaps.push({ caches: lastRead.caches, change: difference(lastRead.figures, figures), newLow })
  }
}
