/** discover(): hoards that nobody registered, sought and emptied in a twin. */
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { countWorkers } from '../../measure/worker-threads.js'
import type { Instrument } from '../../measure/window.js'
import { difference, noise } from '../../report/build-report.js'
import type { ReportWarning } from '../../report/types.js'
import { number, oneOf, optional, resolveOptions, shaped } from '../../support/options.js'
import { settleInTwin } from '../settle-in-twin.js'
import { twinRules, workInTwin } from '../run-in-twin.js'
import type { ResolvedTwinOptions } from '../run-in-twin.js'
import type { TwinOptions } from '../types.js'
import { ownersHere } from '../owners/in-twin.js'
import { discoverHoards } from './discover.js'
import { openCoordinators } from './open-coordinators.js'
import type { CachesOfCoordinator } from './open-coordinators.js'
import type { Discovery, KnownCache, MeasuredRelease } from './types.js'

/** Options of {@link discover}. */
export interface DiscoverOptions extends TwinOptions {
  /** Hoards to list, the largest first. 1 to 100. @default 10 */
  readonly limit?: number | undefined
  /** What is estimated smaller is no hoard, in bytes. @default 65_536 */
  readonly leastBytes?: number | undefined
  /** `'none'` does not look for names, which takes most of the time on a large heap. @default 'quick' */
  readonly paths?: 'quick' | 'none' | undefined
  /**
   * Its registered caches are recognised and not listed again.
   * @default those of every coordinator of this process that is not closed
   */
  readonly coordinator?: CachesOfCoordinator | undefined
}

const TIMEOUT_MS = 600_000
const CONTROLS = 2
const LEAST_BYTES = 65_536
/** Of the heap in use: lists of all live objects and where they lie. Measured for small objects, the worst case. */
const HEAP_FACTOR = 3.5

/**
 * Finds who holds this process's memory: the owners of all live memory, by the dominators of the heap's graph, and the large
 * collections that nobody registered, each named by the path that reaches it, emptied in a twin, and measured. This process
 * keeps every entry.
 *
 * @throws CacheAttributionError as `runInTwin()`; `ERR_INSPECTOR`
 * @example
 * console.log(formatDiscovery(await discover({ limit: 20 })))
 */
export async function discover(options?: DiscoverOptions): Promise<Discovery> {
  const { limit, leastBytes, paths, coordinator, ...twin } = resolveDiscoverOptions(options)
  const coordinators = coordinator === undefined ? openCoordinators.all() : [coordinator]
  const known = coordinators.flatMap((each) => each.knownCaches())
  // A twin has no other thread.
  const workers = countWorkers()
  const found = await workInTwin(
    (_, instrument) => discoverHere(instrument, { limit, leastBytes, paths, known, workers }),
    twin,
    { extraBytes: discoverBytes() },
  )
  return found as Discovery
}

/** The heap of a thread is its own, and a twin has one thread. */
function threadWarnings(workers: number): ReportWarning[] {
  const others = isMainThread ? workers : workers - 1
  const whose = [
    ...(isMainThread ? [] : ['the main thread']),
    ...(others > 0 ? [`${String(others)} ${isMainThread ? '' : 'other '}worker thread${others === 1 ? '' : 's'}`] : []),
  ]
  if (whose.length === 0) return []
  const message = `not searched: what ${whose.join(' and ')} of this process hold${whose.length === 1 && others <= 1 ? 's' : ''}, since each has a heap of its own; breakdown() tells how large these are together`
  return [{ code: 'WARN_DISCOVER_THREADS', message }]
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
    paths: { check: oneOf('quick', 'none'), fallback: 'quick' },
    coordinator: optional(shaped<CachesOfCoordinator>('a Coordinator', (value) => 'knownCaches' in value)),
  })
}

interface ResolvedDiscoverOptions extends ResolvedTwinOptions {
  readonly limit: number
  readonly leastBytes: number
  readonly paths: 'quick' | 'none'
  readonly coordinator: DiscoverOptions['coordinator']
}

/** What is sought in a twin. */
export interface DiscoverySettings {
  readonly limit: number
  readonly leastBytes?: number
  readonly paths?: 'quick' | 'none'
  readonly known: readonly KnownCache[]
  /** How many worker threads run, whose heaps are not searched. @default those that were heard of */
  readonly workers?: number
}

/** In a twin: seeks, empties, measures. Windows share reads, as those of a run do. */
export function discoverHere(
  instrument: Instrument,
  { workers = countWorkers(), ...settings }: DiscoverySettings,
): Discovery {
  settleInTwin(instrument)
  let level = settleInTwin(instrument).figures
  const measure = (release: () => void): MeasuredRelease => {
    release()
    const after = settleInTwin(instrument).figures
    const change = difference(level, after)
    level = after
    return change
  }
  const owners = ownersHere(instrument, {
    limit: settings.limit,
    leastBytes: settings.leastBytes ?? LEAST_BYTES,
    known: settings.known,
  })
  const controls = Array.from({ length: CONTROLS }, () => measure(() => undefined))
  const found = discoverHoards({ ...settings, measure, noise: noise(controls) })
  const warnings = [...found.warnings, ...threadWarnings(workers)]
  if ('code' in owners) return { owners: [], live: null, ...found, warnings: [...warnings, owners] }
  return { owners: owners.owners, live: owners.live, ...found, warnings }
}

/** What seeking allocates beyond what a twin copies. */
export function discoverBytes(): number {
  return HEAP_FACTOR * v8.getHeapStatistics().used_heap_size
}
