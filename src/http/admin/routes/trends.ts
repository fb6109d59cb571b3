/** `GET /trends`: what grows, how fast, and how sure that is, by the history that the mounting code gave. */
import { trendsText } from '../../../report/trends/format-trends.js'
import { negotiate } from '../../server/negotiate.js'
import { ageHeader } from '../costly-reads.js'
import { HttpProblem } from '../../server/problem.js'
import { JSON_TYPE, TEXT_TYPE, bytesResponse, encodeJson, encodeText } from '../../server/respond.js'
import { encodedOnce } from '../../server/shared-read.js'
import type { RouteAction } from './route.js'

/** The trends as JSON, or as text; those who ask share a computation. */
export const showTrends: RouteAction = async ({ reads, reports }, { request, timings }) => {
  const form = negotiate(request.headers.get('accept'), [JSON_TYPE, 'text/plain'])
  const { trends: reader } = reads
  if (reader === null) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'this handler was given no history')
  const shared = await timings.time('trends', () => reader.get(reports.last()?.id))
  const { value: trends } = shared
  return form === 'text/plain'
    ? bytesResponse(
        encodedOnce(trends, form, () => encodeText(trendsText(trends))),
        TEXT_TYPE,
        ageHeader(shared),
      )
    : bytesResponse(
        encodedOnce(trends, form, () => encodeJson(trends)),
        JSON_TYPE,
        ageHeader(shared),
      )
}
