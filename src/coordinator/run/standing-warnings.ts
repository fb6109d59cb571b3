/** Warnings that hold for a whole run: what of the process, its allocator and its threads bounds every row. */
import type { Allocator } from '../../allocator/port.js'
import type { MemorySample } from '../../measure/sample.js'
import type { ReportWarning } from '../../report/types.js'
import type { Environment } from '../../support/environment.js'
import type { ResolvedAttributeOptions } from '../options.js'
import { allocatorWarnings } from './allocator-warnings.js'
import { threadWarnings, threadsAround } from './thread-warnings.js'
import { TCACHE_UNKNOWN, allocatorUnavailable, releasedUnderPressure } from './warnings.js'

/** @param sample of this process, from before the run */
export function standingWarnings(
  allocator: Allocator,
  sample: MemorySample,
  mode: ResolvedAttributeOptions['mode'],
  environment: Environment,
): ReportWarning[] {
  const { name, reason } = allocator
  const lacksTcache = name === 'jemalloc' && sample.tcacheBytes === null
  return [
    ...(name === 'unavailable' ? [allocatorUnavailable(reason)] : []),
    ...(lacksTcache ? [TCACHE_UNKNOWN] : []),
    ...allocatorWarnings(allocator, sample),
    ...threadWarnings(mode, threadsAround(allocator, environment.isMainThread)),
  ]
}

/** Caches that were released under pressure since the report before, with the time of the latest. */
export function releasedBefore(releases: ReadonlyMap<string, string>): ReportWarning[] {
  const latest = [...releases.values()].toSorted().at(-1)
  return latest === undefined ? [] : [releasedUnderPressure([...releases.keys()], latest)]
}
