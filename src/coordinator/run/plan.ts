/**
 * The plan of a run, pure: which caches, in which order, in which turns, with which controls, within which budget.
 *
 * Rule: the order rotates from run to run, so that memory which several caches share does not always go to the same
 * name; what does not fit is skipped with its reason.
 */
import type { GcMode } from '../../measure/settle.js'
import type { RowError, TrimChoice } from '../../report/types.js'

/** One of the parts in which a cache is trimmed. */
export interface TrimBatch {
  /** The share that is asked for, of the entries that the cache holds then. */
  readonly fraction: number
  /** The same, of those that it held before the first part. */
  readonly share: number
  readonly choice: TrimChoice
  readonly isLast: boolean
}

/** A cache for the plan; a run adds the cache itself, which the plan carries along. */
export interface PlannableCache {
  readonly name: string
  readonly gc: GcMode
  readonly lossless: boolean
  readonly refillCost: 'low' | 'medium' | 'high'
  /** False where the run is in this process, and the cache must be released in twins alone. */
  readonly live?: boolean | undefined
  /** Known to go on in later turns. */
  readonly asynchronous: boolean
  /** The parts in which it is trimmed; null where it cannot be; undefined where it is released as a whole. */
  readonly trim?: readonly TrimBatch[] | null | undefined
}

/** One null release, or the release of a cache, or of a part of it. */
export type PlannedStep<Cache extends PlannableCache = PlannableCache> =
  { readonly kind: 'control' } | { readonly kind: 'cache'; readonly planned: Cache; readonly batch?: TrimBatch }

/** The steps that share one turn of the event loop. */
export interface PlannedTurn<Cache extends PlannableCache = PlannableCache> {
  readonly gc: GcMode
  readonly steps: readonly PlannedStep<Cache>[]
}

/** A cache that is not released, and why. */
interface SkippedCache<Cache extends PlannableCache = PlannableCache> {
  readonly planned: Cache
  readonly error: RowError
}

/** The cost of a collection with its drains in this process, by kind. */
export type SettleCost = Readonly<Record<GcMode, number>>

/** Which caches, in which order. */
export interface Selection<Cache extends PlannableCache = PlannableCache> {
  readonly order: readonly Cache[]
  readonly skipped: readonly SkippedCache<Cache>[]
}

/**
 * Chooses and orders. `only` is an order of its own; else the order of registration, rotated by `rotation`. Caches that
 * `only` or `except` put out have no row; lossy and costly ones that nobody named are skipped with the reason.
 */
export function selectCaches<Cache extends PlannableCache>(
  caches: readonly Cache[],
  choice: { readonly only?: readonly string[] | undefined; readonly except?: readonly string[] | undefined },
  rotation: number,
): Selection<Cache> {
  const except = new Set(choice.except)
  if (choice.only !== undefined) {
    const byName = new Map(caches.map((cache) => [cache.name, cache]))
    const named = choice.only.flatMap((name) => byName.get(name) ?? [])
    return split(
      named.filter(({ name }) => !except.has(name)),
      notInThisProcess,
    )
  }
  const wanted = caches.filter(({ name }) => !except.has(name))
  const start = wanted.length === 0 ? 0 : rotation % wanted.length
  const rotated = [...wanted.slice(start), ...wanted.slice(0, start)]
  return split(rotated, (cache) => notInThisProcess(cache) ?? leftOut(cache))
}

function split<Cache extends PlannableCache>(
  caches: readonly Cache[],
  reasonToSkip: (cache: Cache) => RowError | undefined,
): Selection<Cache> {
  const judged = caches.map((planned) => ({ planned, error: reasonToSkip(planned) }))
  return {
    order: judged.flatMap(({ planned, error }) => (error === undefined ? [planned] : [])),
    skipped: judged.flatMap(({ planned, error }) => (error === undefined ? [] : [{ planned, error }])),
  }
}

function notInThisProcess({ live = true }: PlannableCache): RowError | undefined {
  return live
    ? undefined
    : { code: 'ERR_RELEASE_LIVE', message: 'it was registered with live: false: a twin measures it' }
}

function leftOut({ lossless, refillCost }: PlannableCache): RowError | undefined {
  const why = lossless ? (refillCost === 'high' ? 'costly to refill' : undefined) : 'not lossless'
  return why === undefined
    ? undefined
    : { code: 'ERR_RELEASE_UNNAMED', message: `it is ${why}: name it in "only" to release it` }
}

/**
 * Lays the steps into turns. `stepsPerTurn` says how many share one. A cache that is known to be asynchronous, or waits
 * for a natural GC, has a turn of its own. Controls of each kind of collection are spread evenly among its caches.
 */
export function layOut<Cache extends PlannableCache>(
  order: readonly Cache[],
  controls: number,
  stepsPerTurn: (gc: GcMode) => number,
): PlannedTurn<Cache>[] {
  const positions = controlPositions(order, controls)
  const turns: { gc: GcMode; steps: PlannedStep<Cache>[]; alone: boolean }[] = []
  const add = (gc: GcMode, step: PlannedStep<Cache>, alone: boolean): void => {
    const last = turns.at(-1)
    if (last !== undefined && !last.alone && !alone && last.gc === gc && last.steps.length < stepsPerTurn(gc)) {
      last.steps.push(step)
    } else {
      turns.push({ gc, steps: [step], alone })
    }
  }
  for (const [index, planned] of order.entries()) {
    const { gc, asynchronous, trim } = planned
    for (let control = positions.get(index) ?? 0; control > 0; control--) add(gc, { kind: 'control' }, false)
    const alone = asynchronous || gc === 'natural'
    if (trim == null) add(gc, { kind: 'cache', planned }, alone)
    else for (const batch of trim) add(gc, { kind: 'cache', planned, batch }, alone)
  }
  return turns.map(({ gc, steps }) => ({ gc, steps }))
}

/** Index in `order` → controls before it. Readings at natural GCs are averaged and carry their own error: no controls. */
function controlPositions(order: readonly PlannableCache[], controls: number): Map<number, number> {
  const positions = new Map<number, number>()
  for (const mode of ['forced', 'none'] as const) {
    const indices = [...order.entries()].filter(([, { gc }]) => gc === mode).map(([index]) => index)
    if (indices.length === 0) continue
    for (let control = 0; control < controls; control++) {
      const index = indices[Math.floor((control * indices.length) / controls)] ?? 0
      positions.set(index, (positions.get(index) ?? 0) + 1)
    }
  }
  return positions
}

/** How long a turn of `steps` steps holds the event loop: one settling before, one after each. */
export function predictPauseMs(cost: SettleCost, gc: GcMode, steps: number): number {
  return (steps + 1) * cost[gc]
}

/** How many steps fit into a turn of `pauseMs`; 0 where not even one does. Without a bound, one. */
export function stepsWithin(cost: SettleCost, gc: GcMode, pauseMs: number | undefined): number {
  if (gc === 'natural') return 1
  // Without collections a window takes a few milliseconds: its controls and a neighbour or two share the turn.
  if (pauseMs === undefined) return gc === 'none' ? UNCOLLECTED_STEPS_PER_TURN : 1
  return Math.max(0, Math.min(MAX_STEPS_PER_TURN, Math.floor(pauseMs / Math.max(0.1, cost[gc])) - 1))
}

/** With the four default controls before it, a lone cache without collections takes one turn. */
const UNCOLLECTED_STEPS_PER_TURN = 5

/** The loop must get its turn even where collections cost next to nothing. */
const MAX_STEPS_PER_TURN = 50
