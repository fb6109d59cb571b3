/** discover(): the owners of live memory, found and measured in a twin. */
import v8 from 'node:v8'
import { byQuantity } from '../../measure/figures.js'
import type { Instrument } from '../../measure/window.js'
import { countWorkers } from '../../measure/worker-threads.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { ReportWarning } from '../../report/types.js'
import { boolean, callable, number, optional, resolveOptions, shaped } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { ownTimers } from '../../support/own-timers.js'
import type { TwinContext } from '../child.js'
import { measureEmptyNode } from '../empty-node.js'
import type { EmptyNode } from '../empty-node.js'
import { expectedPauseMs } from '../expected-pause.js'
import { estimateCopiedBytes } from '../headroom.js'
import { DISCOVERY_ROUNDS_MS, settleInTwin } from '../settle-in-twin.js'
import { twinRules, workInTwin } from '../run-in-twin.js'
import type { ResolvedTwinOptions } from '../run-in-twin.js'
import type { TwinOptions } from '../types.js'
import { ownersHere } from '../owners/owners-here.js'
import type { GraphOwner } from '../owners/owners-of.js'
import { snapshotAllowanceMs } from '../owners/snapshot-time.js'
import { ControlledWindows, SETTLINGS_BEFORE } from './controlled-windows.js'
import { BudgetWatch, discoverBudget, leftOut, refuseOverBudget } from './discover-budget.js'
import type { DiscoverBudget, ExpectedCost, ResolvedDiscoverBudget } from './discover-budget.js'
import { graphFacts } from './graph-facts.js'
import { DiscoverWatch } from './discover-progress.js'
import type { DiscoverMessage, DiscoverProgress } from './discover-progress.js'
import { containerKind, entryCount } from './intrinsics.js'
import { UNMEASURED, knownBefore } from './known-before.js'
import type { KnownCache } from './known-cache.js'
import { emptyOwners, measuredOwners } from './measure-owners.js'
import { openCoordinators } from './open-coordinators.js'
import type { CachesOfCoordinator } from './open-coordinators.js'
import { cacheObjects, releaseCaches } from './recognise-caches.js'
import { TimeLeft } from './time-left.js'
import { discoverThreads } from './discover-threads.js'
import { unsearchedThreads } from './unsearched-threads.js'
import { inAskingTurn } from '../threads/asking-turn.js'

/** Options of {@link discover}. */
export interface DiscoverOptions extends TwinOptions {
  /** Owners to list, the largest first. 1 to 100. @default 10 */
  readonly limit?: number | undefined
  /** The least that an owner alone keeps alive, in bytes. @default 65_536 */
  readonly leastBytes?: number | undefined
  /**
   * Its registered caches are recognised.
   * @default those of every coordinator of this process that is not closed
   */
  readonly coordinator?: CachesOfCoordinator | undefined
  /** The limits of its cost. @default no limits but those of the twin */
  readonly budget?: DiscoverBudget | undefined
  /**
   * Searches the heaps of all threads: each worker that has a coordinator makes a twin of its own, one after the other. Of the main
   * thread only. Owners then have a `threadId`, and `threads` says which could not be searched, and how large their heaps are.
   * @default false
   */
  readonly threads?: boolean | undefined
  /** Called in this process as the discovery goes on; what it throws is ignored. */
  readonly onProgress?: ((progress: DiscoverProgress) => void) | undefined
}

const TIMEOUT_MS = 600_000
const LEAST_BYTES = 65_536
/** Of the heap in use: the columns of the walk. Measured for small objects, the worst case, with a margin. */
const HEAP_FACTOR = 1.3
/** Of a duration: the rest is for the result's way. */
const DURATION_SHARE = 0.9

/**
 * Finds the owners of this process's memory: the objects that alone keep it alive, by the dominators of the heap's graph. Each is named
 * by the path that reaches it. Owners that can be emptied safely are emptied in a twin and measured. This process keeps every entry.
 *
 * @throws CacheAttributionError as `runInTwin()`; with `threads` `ERR_THREADS_MAIN` in a worker, `ERR_RUN_IN_PROGRESS` while another call
 *   asks all threads, `ERR_ADDON_MISSING`; `ERR_BUDGET_MEMORY`, `ERR_BUDGET_PAUSE` before anything is done,
 *   `ERR_BUDGET_DURATION` and `ERR_BUDGET_MEMORY` where the budget ended the twin before the heap was walked
 * @example
 * console.log(formatDiscovery(await discover({ limit: 20, budget: { durationMs: 5000 } })))
 */
export async function discover(options?: DiscoverOptions): Promise<Discovery> {
  const resolved = resolveDiscoverOptions(options)
  if (!resolved.threads) return discoverThread(resolved)
  const { limit, leastBytes, budget, timeoutMs, signal } = resolved
  const startMs = ownTimers.now()
  const leftMs = (): number => Math.max(1, (budget.durationMs ?? Infinity) - (ownTimers.now() - startMs))
  return inAskingTurn('discover({ threads: true })', async (threads) => {
    const ofThread = (): object => ({
      limit,
      leastBytes,
      timeoutMs,
      budget: budget.durationMs === undefined ? budget : { ...budget, durationMs: leftMs() },
    })
    return discoverThreads(await discoverThread(resolved), threads, { limit, options: ofThread, timeoutMs, signal })
  })
}

/** The owners in the heap of the calling thread. */
async function discoverThread(resolved: ResolvedDiscoverOptions): Promise<Discovery> {
  const { limit, leastBytes, coordinator, budget, onProgress, threads: _, ...twin } = resolved
  const expected = expectedDiscoverCost()
  refuseOverBudget(budget, expected)
  const endsAtMs = ownTimers.now() + DURATION_SHARE * (budget.durationMs ?? Infinity)
  const coordinators = coordinator === undefined ? openCoordinators.all() : [coordinator]
  const known = coordinators.flatMap((each) => each.knownCaches())
  const progress = new DiscoverWatch(onProgress, expected, ownTimers.now)
  const emptyNode = await measureEmptyNode(budget.durationMs === undefined && budget.memoryBytes === undefined)
  // A twin has no other thread.
  const settings: DiscoverySettings = { limit, leastBytes, known, workers: countWorkers(), endsAtMs, emptyNode }
  const work = (context: TwinContext, instrument: Instrument): Discovery =>
    discoverHere(instrument, {
      ...settings,
      noWalk: progress.noWalk,
      send: (message) => {
        context.send(message, message.kind === 'snapshot' ? snapshotAllowanceMs(message.mostMs) : twin.timeoutMs)
      },
    })
  const onMessage = (message: unknown): void => {
    progress.take(message as DiscoverMessage)
  }
  const watch = new BudgetWatch(budget, twin.signal)
  const needs = {
    extraBytes: discoverBytes(),
    onForked: (pid: number): void => {
      watch.watchMemory(pid)
    },
    onFailure: (reason: string): void => {
      progress.noteFailure(reason)
    },
  }
  try {
    return (await workInTwin(work, { ...twin, onMessage, signal: watch.signal }, needs)) as Discovery
  } catch (error) {
    return knownBefore(error, progress.early, watch)
  } finally {
    watch.close()
  }
}

/**
 * The cost of `discover()` now: an upper bound of its memory in bytes, and the expected pause in milliseconds, which is that of the
 * last twin.
 *
 * @example
 * const { memoryBytes } = expectedDiscoverCost()
 * if (memoryBytes < 512 * 1024 * 1024) await discover()
 */
export function expectedDiscoverCost(): ExpectedCost {
  return { memoryBytes: estimateCopiedBytes() + discoverBytes(), pauseMs: expectedPauseMs() }
}

/**
 * The same options as {@link discover} takes, checked and with its defaults.
 *
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @internal
 */
export function resolveDiscoverOptions(options: DiscoverOptions | undefined): ResolvedDiscoverOptions {
  return resolveOptions<ResolvedDiscoverOptions>('discover()', options, {
    ...twinRules(TIMEOUT_MS),
    limit: { check: number({ min: 1, max: 100, integer: true }), fallback: 10 },
    leastBytes: { check: number({ min: 1024 }), fallback: LEAST_BYTES },
    coordinator: optional(shaped<CachesOfCoordinator>('a Coordinator', (value) => 'knownCaches' in value)),
    onProgress: optional(callable as Check<NonNullable<DiscoverOptions['onProgress']>>),
    threads: { check: boolean, fallback: false },
    budget: { check: discoverBudget, fallback: discoverBudget({}, 'budget') },
  })
}

interface ResolvedDiscoverOptions extends ResolvedTwinOptions {
  readonly limit: number
  readonly leastBytes: number
  readonly coordinator: DiscoverOptions['coordinator']
  readonly budget: ResolvedDiscoverBudget
  readonly threads: boolean
  readonly onProgress: DiscoverOptions['onProgress']
}

/** The search in a twin. */
export interface DiscoverySettings {
  readonly limit: number
  readonly leastBytes?: number
  readonly known: readonly KnownCache[]
  /** Node's own allocations; null where they are not known. */
  readonly emptyNode?: EmptyNode | null
  /** How many worker threads run, whose heaps are not searched. @default those that were heard of */
  readonly workers?: number
  /** No owner is emptied that would not be measured by then, on the clock of the environment. @default never */
  readonly endsAtMs?: number
  /** Why the heap is not walked: a walk ended the twin before this one. @default it is walked */
  readonly noWalk?: string | null
  /**
   * Sends how far it is, and what is known before anything is emptied: a walk that reads wrongly ends the twin, and emptying
   * may, too.
   */
  readonly send?: (message: DiscoverMessage) => void
}

/** In a twin: walks the heap, empties, measures. Windows share reads, as those of a run do. */
export function discoverHere(instrument: Instrument, settings: DiscoverySettings): Discovery {
  const { limit, leastBytes = LEAST_BYTES, known, workers = countWorkers(), endsAtMs = Infinity } = settings
  const { emptyNode = null, noWalk = null, send = () => undefined } = settings
  const { environment } = instrument
  const warnings = unsearchedThreads(workers)
  const startMs = environment.now()
  // What is made for it is garbage before the walk.
  const caches = cacheObjects(known)
  const { figures, tookMs, processorMs } = settleInTwin(instrument, undefined, DISCOVERY_ROUNDS_MS)
  const readings = { figures, heapTotalBytes: v8.getHeapStatistics().total_heap_size, emptyNode }
  send({ kind: 'progress', stage: 'walking', done: 0, of: 0 })
  const sought = { limit, leastBytes, caches, settledBytes: figures.heapBytes, endsAtMs }
  const onSnapshot = (warning: ReportWarning, mostMs: number): void => {
    const early = notFound({ leastBytes, ...graphFacts(null, readings) }, [...warnings, warning])
    send({ kind: 'snapshot', mostMs, early })
  }
  const { found, isWalked, warnings: ofWalk } = ownersHere(instrument, { ...sought, onSnapshot }, noWalk)
  send({ kind: 'progress', stage: 'measuring', done: 0, of: 0 })
  warnings.push(...ofWalk)
  const owners = recogniseByRelease(found?.owners ?? [], known, warnings)
  const walking = environment.now() - startMs
  const rest = { leastBytes, ...graphFacts(found, readings) }
  const early = {
    owners: owners.map(({ row }) => row),
    ...rest,
    noise: byQuantity(() => null),
    durationMs: { walking, measuring: 0 },
  }
  send({ kind: 'walked', early: { ...early, warnings: [...warnings, UNMEASURED] } })
  const time = new TimeLeft(environment, endsAtMs)
  const emptiable = owners.filter(({ objects }) => objects.length > 0).length
  if (!time.suffices(SETTLINGS_BEFORE * tookMs)) return { ...early, warnings: [...warnings, ...leftOut(emptiable)] }
  const windows = new ControlledWindows(instrument, time, processorMs >= DISCOVERY_ROUNDS_MS)
  let done = 0
  const emptied = emptyOwners(owners, {
    window: (empty, bytes) => {
      send({ kind: 'progress', stage: 'measuring', done: done++, of: emptiable })
      return windows.measure(empty, bytes)
    },
    hasTime: () => time.suffices(),
    knowsFields: isWalked,
  })
  const { noise, residentControls } = windows.end()
  return {
    owners: measuredOwners(owners, emptied, { noise, residentControls }),
    ...rest,
    noise,
    durationMs: { walking, measuring: environment.now() - startMs - walking },
    warnings: [...warnings, ...leftOut(time.refused)],
  }
}

/** The result where neither the walk nor V8's snapshot tells of owners. */
function notFound(
  rest: ReturnType<typeof graphFacts> & Pick<Discovery, 'leastBytes'>,
  warnings: readonly ReportWarning[],
): Discovery {
  return { owners: [], ...rest, noise: byQuantity(() => null), durationMs: { walking: 0, measuring: 0 }, warnings }
}

/** Caches of which no object is known are known by what their release empties; that is not emptied again. */
function recogniseByRelease(
  owners: readonly GraphOwner[],
  known: readonly KnownCache[],
  warnings: ReportWarning[],
): GraphOwner[] {
  const recognised = new Set(owners.map(({ row }) => row.cache))
  const counts = owners.map(({ objects }) => () => {
    const [only] = objects
    return objects.length === 1 && only !== undefined ? collectionSize(only) : null
  })
  const emptied = releaseCaches(
    known.filter(({ name }) => !recognised.has(name)),
    counts,
    (warning) => warnings.push(warning),
  )
  return owners.map((owner, place) => {
    const cache = emptied.get(place)
    return cache === undefined || owner.row.cache !== null ? owner : { row: { ...owner.row, cache }, objects: [] }
  })
}

function collectionSize(object: object): number | null {
  const kind = containerKind(object)
  return kind === null || kind === 'object' ? null : entryCount(object, kind)
}

/** The allocations of the search beyond what a twin copies. */
export function discoverBytes(): number {
  return HEAP_FACTOR * v8.getHeapStatistics().used_heap_size
}
