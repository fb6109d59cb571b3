/** The caches of all threads: in a twin of each, or not at all. */
import { attributeThreads } from '../../../threads/attribute-threads.js'
import { formatThreads } from '../../../threads/format-threads.js'
import { readJsonBody } from '../../server/body.js'
import { negotiate } from '../../server/negotiate.js'
import { parametersOf } from '../../server/parameters.js'
import { JSON_TYPE, jsonResponse, textResponse } from '../../server/respond.js'
import type { RouteAction } from './route.js'
import { needTwin } from './twin-tools.js'

const FORMS = [JSON_TYPE, 'text/plain'] as const

/** `POST /threads` */
export const showThreads: RouteAction = async ({ settings }, { request, url, timings }) => {
  const form = negotiate(request.headers.get('accept'), FORMS)
  const body = await timings.time('read', () => readJsonBody(request, settings))
  // None is known: a misspelt one is refused.
  parametersOf(url, body, {})
  needTwin()
  const report = await timings.time('twin', () => attributeThreads({ mode: 'twin', signal: request.signal }))
  return form === 'text/plain' ? textResponse(formatThreads(report, { color: false })) : jsonResponse(report)
}
