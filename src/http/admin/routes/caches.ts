/** The registered caches as they stand. Nothing is released and nothing collected. */
import type { CacheObservation } from '../../../coordinator/observe.js'
import type { CacheDescription } from '../../../coordinator/registry.js'
import type { Coordinator } from '../../../coordinator/coordinator.js'
import { describe } from '../../../support/errors.js'
import { negotiate } from '../../server/negotiate.js'
import { encodeName } from '../../server/encoded-name.js'
import { CACHE_PARAMETERS } from '../parameters.js'
import type { CacheView } from '../types.js'
import { parametersOf } from '../../server/parameters.js'
import { HttpProblem } from '../../server/problem.js'
import { JSON_TYPE, jsonResponse } from '../../server/respond.js'
import type { RouteAction } from './route.js'

/** Every cache, in order of registration. */
export function cacheViews(coordinator: Coordinator): CacheView[] {
  const { caches } = coordinator.observe()
  const descriptions = coordinator.describeCaches()
  return caches.map((observation, index) => viewOf(observation, descriptions[index]))
}

function viewOf(observation: CacheObservation, description: CacheDescription | undefined): CacheView {
  const { name, entries, claimedBytes, lastMeasured } = observation
  const { estimatedBytes, estimatedUncertaintyBytes, calibrationAgeMs } = observation
  const { refillCost = 'medium', lossless = true, twin = true, live = true, trim = false } = description ?? {}
  const traits = { refillCost, lossless, twin, live, trim }
  return {
    name,
    entries,
    claimedBytes,
    estimatedBytes,
    estimatedUncertaintyBytes,
    calibrationAgeMs,
    lastMeasured,
    traits,
    href: `cache?name=${encodeName(name)}`,
  }
}

/** The name that a query or a body gives. @throws HttpProblem `ERR_HTTP_PARAMETER` */
export function nameIn({ name }: Readonly<Record<string, unknown>>): string {
  if (typeof name === 'string') return name
  throw new HttpProblem('ERR_HTTP_PARAMETER', '"name" must be the name of a cache: ?name=NAME')
}

/** `GET /caches` */
export const listCaches: RouteAction = ({ coordinator }, { request }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  return jsonResponse({ caches: cacheViews(coordinator) })
}

/** `GET /caches/{name}`, and `GET /cache?name=` for any name at all */
export const showCache: RouteAction = ({ coordinator }, { request, url, names }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  const name = names['name'] ?? nameIn(parametersOf(url, {}, CACHE_PARAMETERS))
  const view = cacheViews(coordinator).find((cache) => cache.name === name)
  if (view === undefined) throw new HttpProblem('ERR_CACHE_UNKNOWN', `no cache named ${describe(name)} is registered`)
  return jsonResponse(view)
}
