/**
 * The admin handler: fetch-style, one function for every framework.
 *
 * Rule: nothing is looked at before it is known who asks; GET never releases; every answer, the bad ones too, carries the
 * same headers and tells nothing of the inside.
 */
import { performance } from 'node:perf_hooks'
import type { Coordinator } from '../coordinator/coordinator.js'
import { CoordinatorError, describe } from '../support/errors.js'
import { admit } from './authorization.js'
import type { AdminConnection, Role } from './authorization.js'
import { checkSameOrigin } from './cross-site.js'
import { resolveAdminOptions } from './options.js'
import type { AdminHandlerOptions } from './options.js'
import { findRoute, pathBelow } from './paths.js'
import { HttpProblem, isInternal, problemOf, problemResponse } from './problem.js'
import { ReportStore } from './reports.js'
import { Timings, finish } from './respond.js'
import type { Admin, Method, Route } from './routes/route.js'
import { ROUTES } from './routes/table.js'
import { Runs } from './runs.js'
import { TwinTools } from './twin-tools.js'

/** What `createAdminHandler()` makes: a fetch-style function, and what belongs to it. */
export interface AdminHandler extends AsyncDisposable {
  /**
   * Answers a request below the base path; resolves with undefined for any other. Never rejects.
   *
   * @param connection what the mounting code knows of the socket; `toNodeListener()` passes it
   */
  (request: Request, connection?: AdminConnection): Promise<Response | undefined>
  /** What the paths of its requests begin with, without a slash at the end. */
  readonly basePath: string
  /**
   * Ends what was started over HTTP and takes its listeners off the coordinator, which stays open. Later requests are
   * answered with 503.
   */
  close(): Promise<void>
}

/**
 * Makes the handler of the routes below `/debug/memory`: the page, the caches, runs with their progress and reports,
 * discoveries and heap snapshots.
 *
 * Without `authorize` it serves this machine alone: the socket and the Host must be loopback.
 *
 * @throws CoordinatorError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
 * @example
 * const admin = createAdminHandler(coordinator, { authorize: bearerToken({ operator: process.env.ADMIN_TOKEN }) })
 * http.createServer(toNodeListener(admin)).listen(9229, '127.0.0.1')
 */
export function createAdminHandler(coordinator: Coordinator, options?: AdminHandlerOptions): AdminHandler {
  if (
    typeof coordinator !== 'object' ||
    typeof (coordinator as Partial<Coordinator> | null)?.attribute !== 'function'
  ) {
    throw new CoordinatorError(
      'ERR_OPTION_TYPE',
      `createAdminHandler() takes a Coordinator, got ${describe(coordinator)}`,
    )
  }
  const settings = resolveAdminOptions(options)
  const reports = new ReportStore(settings.reports)
  const runs = new Runs(coordinator, reports, settings.coolDownMs, () => performance.now())
  const tools = new TwinTools(runs, settings.temporaryFolder)
  const admin: Admin = { coordinator, settings, reports, runs, tools }
  let isClosed = false

  const handle = async (request: Request, connection: AdminConnection = {}): Promise<Response | undefined> => {
    const url = new URL(request.url)
    const below = pathBelow(settings.basePath, url.pathname)
    if (below === undefined) return undefined
    const timings = new Timings()
    let role: Role | undefined
    let response: Response
    try {
      const verdict = await timings.time('authorize', () => admit(settings.authorize, request, connection))
      if (typeof verdict !== 'string') response = verdict
      else {
        role = verdict
        if (isClosed) throw new CoordinatorError('ERR_CLOSED', 'this handler was closed')
        response = await dispatch(admin, { request, url, below, role, timings })
      }
    } catch (error) {
      if (isInternal(error)) settings.onError(error)
      response = problemResponse(problemOf(error))
    }
    // How long it took to refuse somebody is nobody's business.
    return finish(response, request.method, role === undefined ? null : timings)
  }
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    const ofHttp = runs.isOfHttp
    runs.close()
    await Promise.all([tools.close(), ofHttp ? coordinator.abort() : undefined])
  }
  return Object.assign(handle, { basePath: settings.basePath, close, [Symbol.asyncDispose]: close })
}

interface Admitted {
  readonly request: Request
  readonly url: URL
  readonly below: string
  readonly role: Role
  readonly timings: Timings
}

async function dispatch(admin: Admin, admitted: Admitted): Promise<Response> {
  const { request, below, role } = admitted
  const { method } = request
  const { route, names } = findRoute(ROUTES, below)
  if (method === 'OPTIONS') {
    return new Response(null, { status: 204, headers: { allow: allowed(route) } })
  }
  const action = route.methods[(method === 'HEAD' ? 'GET' : method) as Method]
  if (action === undefined || !Object.hasOwn(route.methods, method === 'HEAD' ? 'GET' : method)) {
    throw new HttpProblem('ERR_HTTP_METHOD', `this address takes ${allowed(route)}`, {
      headers: { allow: allowed(route) },
    })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    checkSameOrigin(request, admin.settings.origins)
    if (role !== 'operator') {
      throw new HttpProblem('ERR_HTTP_FORBIDDEN', 'this token may look only, and this request changes something')
    }
  }
  return action(admin, { ...admitted, names })
}

function allowed({ methods }: Route): string {
  const own = Object.keys(methods)
  return [...own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(', ')
}
