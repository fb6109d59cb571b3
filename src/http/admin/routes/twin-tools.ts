/** Discoveries, heap snapshots and class histograms: in a twin, or not at all. */
import { formatDiscovery } from '../../../report/discovery/format-discovery.js'
import type { Discovery } from '../../../report/discovery/types.js'
import { codeOf } from '../../../support/errors.js'
import { discover, resolveDiscoverOptions } from '../../../twin/discover/discover.js'
import type { DiscoverOptions } from '../../../twin/discover/discover.js'
import type { DiscoverProgress } from '../../../twin/discover/discover-progress.js'
import { formatHistogram } from '../../../twin/heap-snapshot/format-histogram.js'
import { classHistogram, resolveHistogramOptions } from '../../../twin/heap-snapshot/in-twin.js'
import type { HistogramOptions } from '../../../twin/heap-snapshot/in-twin.js'
import { supportsTwin } from '../../../twin/support.js'
import { negotiate } from '../../server/negotiate.js'
import { readJsonBody } from '../../server/body.js'
import { DISCOVER_PARAMETERS, SNAPSHOT_PARAMETERS } from '../parameters.js'
import { parametersOf } from '../../server/parameters.js'
import { HttpProblem } from '../../server/problem.js'
import { JSON_TYPE, jsonResponse, textResponse } from '../../server/respond.js'
import { streamTask } from '../stream-task.js'
import type { RouteAction, AdminState } from './route.js'

const FORMS = [JSON_TYPE, 'text/plain'] as const
const FORMS_OF_DISCOVERY = [...FORMS, 'text/event-stream'] as const
const SNAPSHOT_TYPE = 'application/octet-stream'

/** `POST /discover` */
export const discoverOwners: RouteAction = async (admin, { request, url, timings }) => {
  const form = negotiate(request.headers.get('accept'), FORMS_OF_DISCOVERY)
  const body = await timings.time('read', () => readJsonBody(request, admin.settings))
  const given = parametersOf(url, body, DISCOVER_PARAMETERS)
  const options: DiscoverOptions = given
  // A malformed request is told so first, whatever is under way.
  resolveDiscoverOptions(options)
  needTwin()
  const { coordinator, runs, tools } = admin
  const onProgress = (progress: DiscoverProgress): void => {
    runs.noteDiscovery(progress)
  }
  const found = (signal: AbortSignal): Promise<Discovery> =>
    explained(admin, () =>
      tools.share('discover', keyOf('discover', given), signal, (ofAll) =>
        discover({ ...options, coordinator, signal: ofAll, onProgress }),
      ),
    )
  if (form === 'text/event-stream') return streamTask(admin, request, 'discovery', found)
  const discovery = await timings.time('twin', () => found(request.signal))
  return form === 'text/plain' ? textResponse(formatDiscovery(discovery, { color: false })) : jsonResponse(discovery)
}

/** `POST /heap-snapshot`, and with `?histogram` the table of classes. */
export const takeSnapshot: RouteAction = async (admin, { request, url, timings }) => {
  const body = await timings.time('read', () => readJsonBody(request, admin.settings))
  const { histogram = false, ...options } = parametersOf(url, body, SNAPSHOT_PARAMETERS)
  if (typeof histogram !== 'boolean') throw new HttpProblem('ERR_HTTP_PARAMETER', '"histogram" must be true or false')
  const { tools } = admin
  if (histogram) {
    const form = negotiate(request.headers.get('accept'), FORMS)
    const asked: HistogramOptions = options
    resolveHistogramOptions(asked)
    needTwin()
    const counted = await timings.time('twin', () =>
      explained(admin, () =>
        tools.share('class-histogram', keyOf('histogram', options), request.signal, (signal) =>
          classHistogram({ ...asked, signal }),
        ),
      ),
    )
    return form === 'text/plain' ? textResponse(formatHistogram(counted, { color: false })) : jsonResponse(counted)
  }
  const [unused] = Object.keys(options)
  if (unused !== undefined) throw new HttpProblem('ERR_HTTP_PARAMETER', `"${unused}" is for ?histogram`)
  negotiate(request.headers.get('accept'), [SNAPSHOT_TYPE])
  needTwin()
  const { bytes, body: content } = await timings.time('twin', () =>
    explained(admin, () => tools.snapshot(request.signal)),
  )
  const name = `heap-${String(process.pid)}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.heapsnapshot`
  return new Response(content, {
    headers: {
      'content-type': SNAPSHOT_TYPE,
      'content-length': String(bytes),
      'content-disposition': `attachment; filename="${name}"`,
    },
  })
}

/** @throws HttpProblem `ERR_TWIN_UNSUPPORTED` */
export function needTwin(): void {
  const { supported, reason } = supportsTwin()
  if (!supported) throw new HttpProblem('ERR_TWIN_UNSUPPORTED', reason ?? '', { extra: { reason } })
}

/** Its own words for what is in the way. */
async function explained<T>({ runs }: AdminState, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    const isRefused = codeOf(error) === 'ERR_RUN_IN_PROGRESS'
    if (isRefused && !(error instanceof HttpProblem)) throw runs.inProgress()
    throw error
  }
}

function keyOf(kind: string, options: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([kind, Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1))])
}
