/** The options of a lease: what each means, its unit, its bounds, its default. */
import { CacheAttributionError, describe } from '../../support/errors.js'
import { number, resolveOptions, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'

/** Options of `redisLease()` and `fileLease()`. All processes of a service give the same. */
export interface LeaseOptions {
  /** The name of the lease: processes with leases of different names do not wait for each other. @default 'default' */
  readonly name?: string | undefined
  /** Processes that hold it at a time, 1 to 1,000. @default 1 */
  readonly holders?: number | undefined
  /**
   * Milliseconds after which a holder that does not renew it has lost it, 1,000 to 3,600,000. It is renewed three times in it, and must be longer
   * than the event loop is ever blocked.
   * @default 30_000
   */
  readonly termMs?: number | undefined
}

/** The same, complete. */
export interface ResolvedLeaseOptions {
  readonly name: string
  readonly holders: number
  readonly termMs: number
}

/** The longest term. */
export const TERM_MAX_MS = 3_600_000

/** It is a part of keys and of file names. */
const leaseName: Check<string> = (value, name) => {
  const given = text(100)(value, name)
  if (/^[\w.-]+$/.test(given)) return given
  throw new CacheAttributionError(
    'ERR_OPTION_RANGE',
    `"${name}" must be letters, digits, ".", "-" and "_", got ${describe(value)}`,
  )
}

/** Checks the options of a lease. @throws CacheAttributionError `ERR_OPTION_*` */
export function resolveLeaseOptions(owner: string, options: LeaseOptions | undefined): ResolvedLeaseOptions {
  return resolveOptions<ResolvedLeaseOptions>(owner, options, {
    name: { check: leaseName, fallback: 'default' },
    holders: { check: number({ min: 1, max: 1000, integer: true }), fallback: 1 },
    termMs: { check: number({ min: 1000, max: TERM_MAX_MS, integer: true }), fallback: 30_000 },
  })
}
