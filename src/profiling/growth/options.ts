/** The options of a growth monitor: what each means, its unit, its bounds, its default. */
import type { Allocator } from '../../allocator/port.js'
import type { AttributionReport } from '../../report/types.js'
import { nodeEnvironment } from '../../support/environment.js'
import type { Environment } from '../../support/environment.js'
import { CacheAttributionError, describe } from '../../support/errors.js'
import { leaseShaped } from '../../support/lease.js'
import type { Lease } from '../../support/lease.js'
import { boolean, number, oneOf, optional, resolveOptions, shaped, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import type { KnownCache } from '../../twin/discover/known-cache.js'
import { DUMP_PREFIX } from '../dumps/dump-names.js'
import { HeapProfiler } from '../profiler/heap-profiler.js'
import type { GrowthQuantity } from './growth-reader.js'
import type { GrowthAction, GrowthEvent } from './types.js'

/** The part of a coordinator that a monitor uses. */
export interface GrowthCoordinator {
  readonly allocator: Allocator
  /** See `Coordinator.observe()`. */
  observe(): unknown
  /** See `Coordinator.attribute()`. */
  attribute(options: {
    readonly mode: 'twin' | 'release'
    readonly trigger: 'growth'
    readonly signal?: AbortSignal | undefined
  }): Promise<AttributionReport>
  /** See `Coordinator.knownCaches()`. */
  knownCaches(): readonly KnownCache[]
}

/** Growth in bytes a second over a time. */
interface GrowthRate {
  /** At least this much, in every half of the window compared with the one before. */
  readonly bytesPerSecond: number
  /** Longer than two of the waves that the quantity has by itself (collections, traffic). 1 s to 1 day. */
  readonly windowMs: number
}

/** Options of `new GrowthMonitor()`. At least one of `every`, `highWater`, `share`, `rate` is needed. */
export interface GrowthMonitorOptions {
  /** The watched quantity. @default 'allocated' */
  readonly quantity?: GrowthQuantity | undefined
  /** Fires at this many bytes above the level of the last firing, or of the start. */
  readonly every?: number | undefined
  /**
   * After this time below the level of the last firing, `every` counts from the highest level of that time: growth is seen again
   * after a peak has passed. 1 s to 7 days.
   * @default 600_000
   */
  readonly rearmMs?: number | undefined
  /** Fires at this many bytes above the highest level at which it fired, or started. */
  readonly highWater?: number | undefined
  /** Fires once when the quantity reaches this share of the limit, 0.01 to 1; again after it fell a tenth below. */
  readonly share?: number | undefined
  /** Bytes of which `share` is a part. @default the least limit of the control groups; for `'heap'` also V8's own */
  readonly limit?: number | undefined
  /** Fires at this growth. */
  readonly rate?: GrowthRate | undefined
  /** Milliseconds between two readings, 10 ms to 1 hour. @default 250 */
  readonly intervalMs?: number | undefined
  /**
   * Whether a collection must confirm growth, so that garbage is not taken for it: `'collect'` costs a major GC then,
   * and at most a tenth of the time; `'none'` costs nothing. `'rss'` is never confirmed.
   * @default 'collect'
   */
  readonly confirm?: 'collect' | 'none' | undefined
  /** The actions, one after the other. @default ['dump'] */
  readonly actions?: readonly GrowthAction[] | undefined
  /** Least time from the end of one firing's actions to the next firing, in milliseconds. @default 60_000 */
  readonly coolDownMs?: number | undefined
  /** Folder for the files; created with mode 0700 if only it is missing. Every action but a function needs it. */
  readonly folder?: string | undefined
  /** The prefix of the names of the files: letters, digits, `-`, `_`, at most 100. @default 'cache-attribution' */
  readonly prefix?: string | undefined
  /** Most files of this prefix in the folder; the oldest are deleted first. @default 20 */
  readonly maxFiles?: number | undefined
  /** Most bytes of them together; a file that is larger by itself is deleted, too. @default 1 GiB */
  readonly maxBytes?: number | undefined
  /** For `'observe'` and `'attribute'`; `'discover'` skips its caches. */
  readonly coordinator?: GrowthCoordinator | undefined
  /** For `'dump'`. @default a profiler of its own, closed with the monitor */
  readonly profiler?: HeapProfiler | undefined
  /**
   * Whether `start()` switches profiling on, and `close()` off again if it was off, so that a dump shows what was
   * allocated since. It costs what profiling costs.
   * @default true where `actions` has `'dump'`
   */
  readonly profile?: boolean | undefined
  /**
   * Asked before each action that makes a twin (`'attribute'`, `'discover'`, `'heap-snapshot'`), so that replicas that grow together do not all make
   * theirs at once: `redisLease()` or `fileLease()` of `cache-attribution/fleet`.
   */
  readonly lease?: Lease | undefined
  /** Milliseconds that such an action waits for the lease; then it fails with `ERR_LEASE_TAKEN`. 0 to one day. @default 60_000 */
  readonly leaseWaitMs?: number | undefined
  /** Clocks and collector; for tests. */
  readonly environment?: Environment | undefined
}

/** The same, complete. */
export interface ResolvedGrowthOptions {
  readonly quantity: GrowthQuantity
  readonly every: number | undefined
  readonly rearmMs: number
  readonly highWater: number | undefined
  readonly share: number | undefined
  readonly limit: number | undefined
  readonly rate: GrowthRate | undefined
  readonly intervalMs: number
  readonly confirm: 'collect' | 'none'
  readonly actions: readonly GrowthAction[]
  readonly coolDownMs: number
  readonly folder: string | undefined
  readonly prefix: string
  readonly maxFiles: number
  readonly maxBytes: number
  readonly coordinator: GrowthCoordinator | undefined
  readonly profiler: HeapProfiler | undefined
  readonly profile: boolean
  readonly lease: Lease | undefined
  readonly leaseWaitMs: number
  readonly environment: Environment
}

const DAY_MS = 24 * 60 * 60 * 1000
const bytes = number({ min: 1 })

/** Checks the options of a monitor. */
export function resolveGrowthOptions(options: GrowthMonitorOptions): ResolvedGrowthOptions {
  const resolved = resolveOptions<Omit<ResolvedGrowthOptions, 'profile'> & { profile: boolean | undefined }>(
    'GrowthMonitor',
    options,
    {
      quantity: { check: oneOf('allocated', 'heap', 'rss'), fallback: 'allocated' },
      every: optional(bytes),
      rearmMs: { check: number({ min: 1000, max: 7 * DAY_MS }), fallback: 600_000 },
      highWater: optional(bytes),
      share: optional(number({ min: 0.01, max: 1 })),
      limit: optional(bytes),
      rate: optional(rate),
      intervalMs: { check: number({ min: 10, max: 3_600_000 }), fallback: 250 },
      confirm: { check: oneOf('collect', 'none'), fallback: 'collect' },
      actions: { check: actionList, fallback: Object.freeze(['dump'] as const) },
      coolDownMs: { check: number({ min: 0, max: DAY_MS }), fallback: 60_000 },
      folder: optional(text(4096)),
      prefix: { check: prefix, fallback: DUMP_PREFIX },
      maxFiles: { check: number({ min: 1, integer: true, unbounded: true }), fallback: 20 },
      maxBytes: { check: number({ min: 1, unbounded: true }), fallback: 2 ** 30 },
      coordinator: optional(
        shaped<GrowthCoordinator>('a coordinator', (value) => 'observe' in value && 'attribute' in value),
      ),
      profiler: optional(shaped<HeapProfiler>('a HeapProfiler', (value) => value instanceof HeapProfiler)),
      profile: optional(boolean),
      lease: optional(leaseShaped),
      leaseWaitMs: { check: number({ min: 0, max: DAY_MS }), fallback: 60_000 },
      environment: {
        check: shaped<Environment>('an environment', (value) => 'inOwnTurn' in value && 'collector' in value),
        fallback: nodeEnvironment,
      },
    },
  )
  checkTogether(resolved)
  return { ...resolved, profile: resolved.profile ?? resolved.actions.includes('dump') }
}

function checkTogether({
  every,
  highWater,
  share,
  rate,
  actions,
  folder,
  coordinator,
}: Omit<ResolvedGrowthOptions, 'profile'>): void {
  if ([every, highWater, share, rate].every((rule) => rule === undefined)) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      'GrowthMonitor needs a rule: at least one of every, highWater, share, rate',
    )
  }
  const needsFolder = actions.find((action) => typeof action === 'string')
  if (needsFolder !== undefined && folder === undefined) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `"folder" is needed: action '${needsFolder}' writes files`)
  }
  const needsCoordinator = actions.find((action) => action === 'observe' || action === 'attribute')
  if (needsCoordinator !== undefined && coordinator === undefined) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `"coordinator" is needed for action '${needsCoordinator}'`)
  }
}

const rate: Check<GrowthRate> = (value) =>
  resolveOptions<GrowthRate>('rate', value, {
    bytesPerSecond: { check: bytes, fallback: 1024 * 1024 },
    windowMs: { check: number({ min: 1000, max: DAY_MS }), fallback: 60_000 },
  })

const actionName = oneOf('dump', 'observe', 'attribute', 'discover', 'heap-snapshot')
const actionList: Check<readonly GrowthAction[]> = (value, name) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be a list of actions, got ${describe(value)}`)
  }
  // Of one firing the second would find the first one's file.
  const twice = value.find((action: unknown, place) => value.indexOf(action) !== place) as unknown
  if (twice !== undefined) {
    throw new CacheAttributionError('ERR_OPTION_RANGE', `"${name}" has an action twice: ${describe(twice)}`)
  }
  return Object.freeze(
    value.map((action: unknown) =>
      typeof action === 'function' ? (action as (event: GrowthEvent) => unknown) : actionName(action, name),
    ),
  )
}

const prefix: Check<string> = (value, name) => {
  const given = text(100)(value, name)
  if (/^[\w-]+$/.test(given)) return given
  throw new CacheAttributionError(
    'ERR_OPTION_RANGE',
    `"${name}" must be letters, digits, "-" and "_", got ${describe(value)}`,
  )
}
