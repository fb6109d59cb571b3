/** The caches of this process and of those that it started: each is asked for a twin at its own socket, or not at all. */
import { attributeFleet } from '../../../fleet/attribute-fleet.js'
import { fleetPage, fleetPagePolicy } from '../../../fleet/fleet-page.js'
import { formatFleet } from '../../../fleet/format-fleet.js'
import { readJsonBody } from '../../server/body.js'
import { negotiate } from '../../server/negotiate.js'
import { parametersOf } from '../../server/parameters.js'
import { JSON_TYPE, htmlResponse, jsonResponse, textResponse } from '../../server/respond.js'
import type { RouteAction } from './route.js'

const FORMS = [JSON_TYPE, 'text/plain', 'text/html'] as const

/** `POST /cluster` */
export const showCluster: RouteAction = async ({ settings }, { request, url, timings }) => {
  const form = negotiate(request.headers.get('accept'), FORMS)
  const body = await timings.time('read', () => readJsonBody(request, settings))
  // None is known: a misspelt one is refused.
  parametersOf(url, body, {})
  const report = await timings.time('twin', () =>
    attributeFleet({ cluster: process.pid }, { mode: 'twin', signal: request.signal }),
  )
  if (form === 'text/html') return htmlResponse(fleetPage(report), fleetPagePolicy())
  return form === 'text/plain' ? textResponse(formatFleet(report, { color: false })) : jsonResponse(report)
}
