/** The registered caches as they stand. Nothing is released and nothing collected. */
import type { CacheObservation } from '../../coordinator/observe.js'
import type { CacheDescription } from '../../coordinator/registry.js'
import type { Coordinator } from '../../coordinator/coordinator.js'
import { describe } from '../../support/errors.js'
import { negotiate } from '../accept.js'
import { HttpProblem } from '../problem.js'
import { JSON_TYPE, json } from '../respond.js'
import type { Action } from './route.js'

/** One cache, as the routes show it. */
export interface CacheView extends Omit<CacheObservation, 'calibration'> {
  readonly traits: Omit<CacheDescription, 'name'>
}

/** Every cache, in order of registration. */
export function cacheViews(coordinator: Coordinator): CacheView[] {
  const { caches } = coordinator.observe()
  const descriptions = coordinator.describeCaches()
  return caches.map((observation, index) => viewOf(observation, descriptions[index]))
}

function viewOf(observation: CacheObservation, description: CacheDescription | undefined): CacheView {
  const { name, entries, claimedBytes, lastMeasured } = observation
  const { estimatedBytes, estimatedUncertaintyBytes, calibrationAgeMs } = observation
  const { refillCost = 'medium', lossless = true, twin = true, trim = false } = description ?? {}
  const traits = { refillCost, lossless, twin, trim }
  return {
    name,
    entries,
    claimedBytes,
    estimatedBytes,
    estimatedUncertaintyBytes,
    calibrationAgeMs,
    lastMeasured,
    traits,
  }
}

/** `GET /caches` */
export const listCaches: Action = ({ coordinator }, { request }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  return json({ caches: cacheViews(coordinator) })
}

/** `GET /caches/{name}` */
export const showCache: Action = ({ coordinator }, { request, names }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  const name = names['name'] ?? ''
  const view = cacheViews(coordinator).find((cache) => cache.name === name)
  if (view === undefined) throw new HttpProblem('ERR_CACHE_UNKNOWN', `no cache named ${describe(name)} is registered`)
  return json(view)
}
