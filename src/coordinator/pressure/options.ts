/** The options of a release under pressure: what each means, its unit, its bounds, its default. */
import { CacheAttributionError, describe } from '../../support/errors.js'
import { boolean, callable, names, number, optional, resolveOptions } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { parseBytes } from '../../support/parse-bytes.js'

/** Options of `releaseUnderPressure()`. */
export interface PressureOptions {
  /** A round of releases begins where usage reaches this share of the limit: `'90%'`, or a number from 0.01 to 1. */
  readonly below: string | number
  /** A round ends where usage is down to this share. It must be less than `below`. @default a tenth of the limit less than `below` */
  readonly until?: string | number | undefined
  /**
   * Bytes that this process may have resident, as a number or a text such as `'512 MiB'`.
   * @default the control group of this process that is nearest to its limit (versions 1 and 2), else the machine's memory
   */
  readonly limit?: string | number | undefined
  /** Milliseconds between two readings of the usage, 10 ms to 1 hour. A reading costs about 0.1 ms. @default 250 */
  readonly intervalMs?: number | undefined
  /** Least time from the end of one round to the start of the next, in milliseconds. @default 10_000 */
  readonly coolDownMs?: number | undefined
  /** Caches that are never released under pressure, by name. @default [] */
  readonly except?: readonly string[] | undefined
  /**
   * Whether a release is followed by a collection: only then is the dropped memory free. A cache with `gc: 'none'` needs none.
   * Without it V8 collects when it wants to, and a round releases more than was needed.
   * @default true
   */
  readonly collect?: boolean | undefined
  /**
   * Whether the allocator is asked to give back its freed pages after each release. jemalloc alone can be asked; without it, pages go back
   * when the allocator gives them.
   * @default true
   */
  readonly purge?: boolean | undefined
  /** Releases nothing: rounds say what would be released, and what it is expected to give back. @default false */
  readonly dryRun?: boolean | undefined
  /** Called with one line for each round. @default process.emitWarning() with the code `WARN_RELEASED_UNDER_PRESSURE` */
  readonly log?: ((line: string) => void) | undefined
}

/** The same, complete; shares as numbers. */
export interface ResolvedPressureOptions {
  readonly below: number
  readonly until: number
  readonly limit: number | undefined
  readonly intervalMs: number
  readonly coolDownMs: number
  readonly except: readonly string[]
  readonly collect: boolean
  readonly purge: boolean
  readonly dryRun: boolean
  readonly log: ((line: string) => void) | undefined
}

const HOUR_MS = 3_600_000
const LEAST_SHARE = 0.01
/** From `below` down to `until` where that is not given: a tenth of the limit, or half of what there is. */
const HYSTERESIS = 0.1

/** @throws CacheAttributionError `ERR_OPTION_*` */
export function resolvePressureOptions(options: PressureOptions): ResolvedPressureOptions {
  const resolved = resolveOptions<
    Omit<ResolvedPressureOptions, 'below' | 'until'> & Record<'below' | 'until', number | undefined>
  >('releaseUnderPressure()', options, {
    below: optional(share),
    until: optional(share),
    limit: optional(limit),
    intervalMs: { check: number({ min: 10, max: HOUR_MS }), fallback: 250 },
    coolDownMs: { check: number({ min: 0, max: 24 * HOUR_MS }), fallback: 10_000 },
    except: { check: names, fallback: [] },
    collect: { check: boolean, fallback: true },
    purge: { check: boolean, fallback: true },
    dryRun: { check: boolean, fallback: false },
    log: optional(callable as Check<(line: string) => void>),
  })
  const { below } = resolved
  if (below === undefined) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `releaseUnderPressure() needs "below", such as '90%', got undefined`,
    )
  }
  const until = resolved.until ?? Math.max(below / 2, below - HYSTERESIS)
  if (until >= below) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"until" must be less than "below" (${String(below)}), got ${String(until)}`,
    )
  }
  return { ...resolved, below, until }
}

/** `'90%'` or 0.9. A number above 1 would be taken for percent by some, and for a share by others. */
function share(value: unknown, name: string): number {
  const expected = `"${name}" must be a share of the limit from 1 % to 100 %, such as '90%' or 0.9, got ${describe(value)}`
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw new CacheAttributionError('ERR_OPTION_TYPE', expected)
  }
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(value.trim())?.[1] : undefined
  const given = typeof value === 'number' ? value : percent === undefined ? NaN : Number(percent) / 100
  if (!(given >= LEAST_SHARE && given <= 1)) throw new CacheAttributionError('ERR_OPTION_RANGE', expected)
  return given
}

function limit(value: unknown, name: string): number {
  const bytes = parseBytes(value, name)
  if (bytes >= 1 && Number.isFinite(bytes)) return bytes
  throw new CacheAttributionError('ERR_OPTION_RANGE', `"${name}" must be at least one byte, got ${describe(value)}`)
}
