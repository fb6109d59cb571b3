/**
 * `GET /breakdown`: where all of RSS is. Reading it walks every page (docs/guide/breakdown.md says what that costs), so that those who
 * ask share a reading; it releases nothing.
 */
import { formatBreakdown } from '../../../report/breakdown/format-breakdown.js'
import { negotiate } from '../../server/negotiate.js'
import { ageHeader } from '../costly-reads.js'
import { JSON_TYPE, TEXT_TYPE, bytesResponse, encodeJson, encodeText } from '../../server/respond.js'
import { encodedOnce } from '../../server/shared-read.js'
import type { RouteAction } from './route.js'

/** The tree as JSON (a `MemoryNode`), or as text. */
export const showBreakdown: RouteAction = async ({ reads, reports }, { request, timings }) => {
  const form = negotiate(request.headers.get('accept'), [JSON_TYPE, 'text/plain'])
  const shared = await timings.time('breakdown', () => reads.breakdown.get(reports.last()?.id))
  const { value: tree } = shared
  return form === 'text/plain'
    ? bytesResponse(
        encodedOnce(tree, form, () => encodeText(formatBreakdown(tree, { color: false }))),
        TEXT_TYPE,
        ageHeader(shared),
      )
    : bytesResponse(
        encodedOnce(tree, form, () => encodeJson(tree)),
        JSON_TYPE,
        ageHeader(shared),
      )
}
