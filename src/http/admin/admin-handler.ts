/**
 * The admin handler: fetch-style, one function for every framework.
 *
 * Rule: GET never releases, and a read-only client changes nothing.
 */
import { performance } from 'node:perf_hooks'
import type { Coordinator } from '../../coordinator/coordinator.js'
import { CacheAttributionError, describe } from '../../support/errors.js'
import { admit } from '../server/authorization.js'
import { costlyReads } from './costly-reads.js'
import { checkReader, checkSameOrigin } from '../server/same-origin.js'
import { requestPipeline } from '../server/request-pipeline.js'
import type { AdminHandler, Admitted } from '../server/request-pipeline.js'
import { resolveAdminOptions } from './options.js'
import type { AdminHandlerOptions } from './options.js'
import { PastReports } from './past-reports.js'
import { findRoute } from '../server/find-route.js'
import { HttpProblem } from '../server/problem.js'
import { ReportStore } from './report-store.js'
import type { AdminState, HttpMethod, Route } from './routes/route.js'
import { ROUTES } from './routes/table.js'
import { RunTracker } from './run-tracker.js'
import { TwinTools } from './twin-tools.js'

/**
 * Makes the handler of the routes below `/debug/memory`: the page, the caches, runs with their progress and reports,
 * discoveries and heap snapshots.
 *
 * Without `authorize` it serves this machine alone: the socket and the Host must be loopback.
 *
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
 * @example
 * const admin = createAdminHandler(coordinator, { authorize: bearerToken({ operator: process.env.ADMIN_TOKEN }) })
 * http.createServer(toNodeListener(admin)).listen(9229, '127.0.0.1')
 */
export function createAdminHandler(coordinator: Coordinator, options?: AdminHandlerOptions): AdminHandler {
  if (
    typeof coordinator !== 'object' ||
    typeof (coordinator as Partial<Coordinator> | null)?.attribute !== 'function'
  ) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `createAdminHandler() takes a Coordinator, got ${describe(coordinator)}`,
    )
  }
  const settings = resolveAdminOptions(options)
  const reports = new ReportStore(settings.reports)
  const past = new PastReports(settings.history, settings.reports, settings.onError)
  const runs = new RunTracker(coordinator, reports, settings.coolDownMs, () => performance.now())
  const tools = new TwinTools(runs, settings.temporaryFolder)
  const reads = costlyReads(coordinator, settings.history)
  const admin: AdminState = { coordinator, settings, reports, past, runs, tools, reads }
  return requestPipeline({
    basePath: settings.basePath,
    onError: settings.onError,
    hasTimings: true,
    admit: (request, connection) => admit(settings.authorize, request, connection),
    answer: (admitted) => dispatch(admin, admitted),
    close: async () => {
      const ofHttp = runs.isOfHttp
      runs.close()
      await Promise.all([tools.close(), ofHttp ? coordinator.abort() : undefined])
    },
  })
}

async function dispatch(admin: AdminState, admitted: Admitted): Promise<Response> {
  const { request, below, role } = admitted
  const { method } = request
  const { route, names } = findRoute(ROUTES, below)
  if (method === 'OPTIONS') {
    return new Response(null, { status: 204, headers: { allow: allowed(route) } })
  }
  const action = route.methods[(method === 'HEAD' ? 'GET' : method) as HttpMethod]
  if (action === undefined || !Object.hasOwn(route.methods, method === 'HEAD' ? 'GET' : method)) {
    throw new HttpProblem('ERR_HTTP_METHOD', `this address takes ${allowed(route)}`, {
      headers: { allow: allowed(route) },
    })
  }
  if (method === 'GET' || method === 'HEAD') checkReader(request, admin.settings.origins)
  else {
    checkSameOrigin(request, admin.settings.origins)
    if (role !== 'operator') {
      throw new HttpProblem('ERR_HTTP_FORBIDDEN', 'this token may only read, and this request changes something')
    }
  }
  return action(admin, { ...admitted, names })
}

function allowed({ methods }: Route): string {
  const own = Object.keys(methods)
  return [...own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(', ')
}
