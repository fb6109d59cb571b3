/** The options of a coordinator and of one run: what each means, its unit, its bounds, its default. */
import type { Allocator, AllocatorName, BindingKind } from '../allocator/port.js'
import type { GcMode } from '../measure/settle.js'
import type { AttributionMode, TrimChoice, Trigger } from '../report/types.js'
import { nodeEnvironment } from '../support/environment.js'
import type { Environment } from '../support/environment.js'
import { CacheAttributionError } from '../support/errors.js'
import {
  abortSignal,
  boolean,
  names,
  number,
  oneOf,
  optional,
  resolveOptions,
  shaped,
  text,
} from '../support/options.js'
import type { Check } from '../support/options.js'

/** Options of `new Coordinator()`. */
export interface CoordinatorOptions {
  /**
   * Milliseconds that an asynchronous release may take. Then its `context.signal` is aborted and its row is `timed-out`.
   * A synchronous release cannot be interrupted.
   * @default 10_000
   */
  readonly releaseTimeoutMs?: number | undefined
  /**
   * How garbage is collected. `'forced'` collects before and after every release: exact, with two pauses per cache.
   * `'natural'` waits, at most `naturalGcTimeoutMs` a reading, for V8's own next major GC: no forced major GC, wide
   * error bars. `'none'` collects nothing: right only for caches whose memory is freed by the release itself.
   * @default 'forced'
   */
  readonly gc?: GcMode | undefined
  /**
   * Milliseconds to wait for V8's own next major GC before each reading with `gc: 'natural'`.
   * @default 30_000
   */
  readonly naturalGcTimeoutMs?: number | undefined
  /**
   * Windows without a release in each run, spread among the others: they give the error bars. 0 leaves the error bars
   * unknown. An integer from 0 to 100.
   * @default 4
   */
  readonly controls?: number | undefined
  /**
   * The allocator whose statistics are read, or an implementation of the interface `Allocator`.
   * @default 'auto': jemalloc if it serves malloc(), else glibc, else V8's figures alone
   */
  readonly allocator?: Allocator | AllocatorName | 'auto' | undefined
  /** How native code is reached. @default 'auto': the addon, else ffi-napi with ref-napi */
  readonly binding?: BindingKind | 'auto' | undefined
  /**
   * The file of the native addon, for code that was bundled without it. It applies to this thread, and takes precedence over
   * `CACHE_ATTRIBUTION_ADDON`.
   * @default undefined: of this package, of the bundle (`cache-attribution/bundled`), or of the package installed beside the bundle
   * @example new Coordinator({ addon: '/opt/service/cache-attribution.node' })
   */
  readonly addon?: string | undefined
  /**
   * How caches are released. `'twin'`: in a fork of this process, which keeps every entry and pauses once
   * (`supportsTwin()` says where that works). `'release'`: in this process, which then refills its caches. `'trim'`: a
   * part of each cache in this process.
   * @default 'twin': if none can be made, a run without a mode is refused and nothing is released
   */
  readonly mode?: AttributionMode | undefined
  /** Twins a run makes with `mode: 'twin'`, see {@link AttributeOptions.twins}. @default 1 */
  readonly twins?: number | undefined
  /** Clocks, collector and V8's figures; for tests. */
  readonly environment?: Environment | undefined
}

/** The same, complete. */
export interface ResolvedCoordinatorOptions {
  readonly releaseTimeoutMs: number
  readonly gc: GcMode
  readonly naturalGcTimeoutMs: number
  readonly controls: number
  readonly allocator: Allocator | AllocatorName | 'auto'
  readonly binding: BindingKind | 'auto'
  readonly addon: string | undefined
  readonly mode: AttributionMode | undefined
  readonly twins: number
  readonly environment: Environment
}

/** The limits of a run's cost. */
interface Budget {
  /**
   * Longest pause of the event loop in milliseconds. Caches whose windows fit into it together share a turn and its
   * collections; one whose own window does not fit is skipped.
   * @default undefined: each cache has its own turn, however long its collections take
   */
  readonly pauseMs?: number | undefined
  /**
   * Longest duration of the run in milliseconds. A cache that would not fit any more is skipped, never half-measured; owners that
   * would not (`discover`) have the figures of the graph. A walk of the heap that began in time is finished.
   * @default undefined: no limit
   */
  readonly durationMs?: number | undefined
}

/** Options of `attribute()`. */
export interface AttributeOptions {
  /** Release only these caches, in this order; also those that are left out unless named. */
  readonly only?: readonly string[] | undefined
  /** Release all caches but these. */
  readonly except?: readonly string[] | undefined
  /**
   * How caches are released. `'twin'` empties each cache in a fork of the process, `'release'` in the process itself.
   * `'trim'` drops `fraction` of each in several parts and estimates the whole; a cache that cannot drop a part is
   * skipped.
   * @default the coordinator's `mode`, else 'twin'
   */
  readonly mode?: AttributionMode | undefined
  /**
   * With `mode: 'twin'`: how many twins are made one after the other, each in another order. Rows are their means, and
   * the differences between them widen the ±. Two orders reveal memory that caches share. 1 to 8.
   * @default the coordinator's `twins`
   */
  readonly twins?: number | undefined
  /**
   * With `mode: 'twin'`, how many owners of the memory that no cache held to list: they are found and measured in the first
   * twin, when the caches have been released, and stand in `report.discovery`. 0 to 100.
   * @default 0
   */
  readonly discover?: number | undefined
  /**
   * Whether to end with the heap profile of what is live after every release, as `report.residual`: which code allocated the memory
   * that no cache holds. Profiling must have been on when that was allocated; otherwise the report warns.
   * @default false
   */
  readonly explainResidual?: boolean | undefined
  /** Trim mode only: the share of each cache's entries to drop, from 0.0001 to 1. @default 0.05 */
  readonly fraction?: number | undefined
  /**
   * Trim mode only: which entries to drop. `'coldest'`: half of the share is the least recently used entries, the rest
   * is random samples. `'random'`: all of it is random, which gives the narrowest error bar. A cache that supports only
   * one of the two uses that one.
   * @default 'coldest'
   */
  readonly choice?: TrimChoice | undefined
  /**
   * Adds where all of RSS was before the run (`report.breakdown`). The kernel walks every page for it: about 10 ms, and
   * 70 ms more for each GiB of heap, once and outside every window.
   * @default false
   */
  readonly breakdown?: boolean | undefined
  /** Windows without a release in this run. @default the coordinator's `controls` */
  readonly controls?: number | undefined
  /** The limits of the run's cost. */
  readonly budget?: Budget | undefined
  /** Aborts the run. What was measured so far is in the error's `report`. */
  readonly signal?: AbortSignal | undefined
  /** The trigger of the run, for the report. @default 'call' */
  readonly trigger?: Trigger | undefined
}

/** The same, complete. */
export interface ResolvedAttributeOptions {
  readonly only: readonly string[] | undefined
  readonly except: readonly string[] | undefined
  readonly mode: AttributionMode
  readonly twins: number
  readonly discover: number
  readonly explainResidual: boolean
  readonly fraction: number
  readonly choice: TrimChoice
  readonly breakdown: boolean
  readonly controls: number
  readonly budget: { readonly pauseMs: number | undefined; readonly durationMs: number | undefined }
  readonly signal: AbortSignal | undefined
  readonly trigger: Trigger
}

/** The most that Linux takes. */
const PATH_LENGTH_MAX = 4096
const DAY_MS = 24 * 60 * 60 * 1000
const mode = oneOf<AttributionMode>('twin', 'release', 'trim')
const twins = number({ min: 1, max: 8, integer: true })
const controls = number({ min: 0, max: 100, integer: true })
const fraction = number({ min: 0.0001, max: 1 })

const allocatorChoice = oneOf('auto', 'jemalloc', 'glibc', 'unavailable')
const allocator: Check<Allocator | AllocatorName | 'auto'> = (value, name) =>
  typeof value === 'string'
    ? allocatorChoice(value, name)
    : shaped<Allocator>('an allocator or its name', (given) => 'readInto' in given && 'name' in given)(value, name)

/** Checks the options of a coordinator. */
export function resolveCoordinatorOptions(options: CoordinatorOptions | undefined): ResolvedCoordinatorOptions {
  return resolveOptions<ResolvedCoordinatorOptions>('Coordinator', options, {
    releaseTimeoutMs: { check: number({ min: 1, max: DAY_MS, integer: true }), fallback: 10_000 },
    gc: { check: oneOf('forced', 'natural', 'none'), fallback: 'forced' },
    naturalGcTimeoutMs: { check: number({ min: 1, max: DAY_MS, integer: true }), fallback: 30_000 },
    controls: { check: controls, fallback: 4 },
    allocator: { check: allocator, fallback: 'auto' },
    binding: { check: oneOf('auto', 'addon', 'ffi'), fallback: 'auto' },
    addon: optional(text(PATH_LENGTH_MAX)),
    mode: optional(mode),
    twins: { check: twins, fallback: 1 },
    environment: {
      check: shaped('an environment', (value) => 'inOwnTurn' in value && 'collector' in value),
      fallback: nodeEnvironment,
    },
  })
}

const milliseconds = number({ min: 1, max: DAY_MS })
const budget: Check<ResolvedAttributeOptions['budget']> = (value) =>
  resolveOptions('budget', value, { pauseMs: optional(milliseconds), durationMs: optional(milliseconds) })

/** Checks the options of one run. */
export function resolveAttributeOptions(
  options: AttributeOptions | undefined,
  defaults: Pick<ResolvedCoordinatorOptions, 'controls' | 'mode' | 'twins'>,
): ResolvedAttributeOptions {
  const resolved = resolveOptions<ResolvedAttributeOptions>('attribute()', options, {
    only: optional(names),
    except: optional(names),
    mode: { check: mode, fallback: defaults.mode ?? 'twin' },
    twins: { check: twins, fallback: defaults.twins },
    discover: { check: controls, fallback: 0 },
    explainResidual: { check: boolean, fallback: false },
    fraction: { check: fraction, fallback: 0.05 },
    choice: { check: oneOf('coldest', 'random'), fallback: 'coldest' },
    breakdown: { check: boolean, fallback: false },
    controls: { check: controls, fallback: defaults.controls },
    budget: { check: budget, fallback: budget({}, 'budget') },
    signal: optional(abortSignal),
    trigger: { check: oneOf('call', 'command', 'http', 'schedule', 'growth'), fallback: 'call' },
  })
  // Who names a share and forgets the mode does not want all of it dropped.
  for (const name of ['fraction', 'choice'] as const) {
    if (resolved.mode !== 'trim' && options?.[name] !== undefined) {
      throw new CacheAttributionError(
        'ERR_OPTION_RANGE',
        `"${name}" is for mode 'trim', and the mode is '${resolved.mode}'`,
      )
    }
  }
  return resolved
}
