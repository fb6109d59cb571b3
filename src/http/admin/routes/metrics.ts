/** The metrics, where the mounting code gave a registry. This file does without prom-client: it only reads the registry. */
import { OPENMETRICS_FORMAT, TEXT_FORMAT, formatMetrics } from '../../../metrics/exposition.js'
import { negotiate } from '../../server/negotiate.js'
import { HttpProblem } from '../../server/problem.js'
import { bytesResponse } from '../../server/respond.js'
import type { RouteAction } from './route.js'

/** Prometheus names its format; a client that accepts anything gets the text format. */
const FORMATS = { 'text/plain': TEXT_FORMAT, 'application/openmetrics-text': OPENMETRICS_FORMAT } as const
const FORMS = ['text/plain', 'application/openmetrics-text'] as const

/** `GET /metrics` */
export const showMetrics: RouteAction = async ({ settings }, { request, timings }) => {
  const { metrics } = settings
  if (metrics === undefined) {
    throw new HttpProblem(
      'ERR_HTTP_NOT_FOUND',
      'no metrics are given out here: createAdminHandler() has the option "metrics" for them',
    )
  }
  const format = FORMATS[negotiate(request.headers.get('accept'), FORMS)]
  const content = await timings.time('collect', () => formatMetrics(metrics, format))
  return bytesResponse(new TextEncoder().encode(content), format)
}
