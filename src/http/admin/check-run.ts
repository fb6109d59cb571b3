/**
 * Whether a run may be asked for so, known before anything else is: no cool-down, no lock and no mode that is missing hides that a
 * request is malformed.
 */
import type { Coordinator } from '../../coordinator/coordinator.js'
import { resolveAttributeOptions } from '../../coordinator/options.js'
import { describe } from '../../support/errors.js'
import { nearestName } from '../../support/options.js'
import { HttpProblem } from '../server/problem.js'

/** The coordinator's default where the request is silent; only its being valid matters here. */
const DEFAULTS = { controls: 0, mode: undefined, twins: 1 } as const

/** @throws CacheAttributionError `ERR_OPTION_*`; HttpProblem `ERR_CACHE_UNKNOWN` */
export function checkRun(coordinator: Coordinator, options: Readonly<Record<string, unknown>>): void {
  const { only = [], except = [] } = resolveAttributeOptions(options, DEFAULTS)
  const known = new Set(coordinator.names)
  for (const name of [...only, ...except]) {
    if (known.has(name)) continue
    const nearest = nearestName(name, [...known].slice(0, 1000))
    const hint = nearest === undefined ? `${String(known.size)} are` : `did you mean ${describe(nearest)}?`
    throw new HttpProblem('ERR_CACHE_UNKNOWN', `no cache named ${describe(name)} is registered: ${hint}`)
  }
}
