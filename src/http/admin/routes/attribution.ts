/**
 * Runs over HTTP, and their reports.
 *
 * Rule: a run is made in a twin unless the request says otherwise; where there can be no twin, a request that says nothing
 * is refused with the choices, and never turned into a release.
 */
import { RunAbortedError } from '../../../coordinator/run-aborted-error.js'
import type { AttributeOptions } from '../../../coordinator/options.js'
import { formatReport } from '../../../report/format-report.js'
import type { AttributionMode, AttributionReport } from '../../../report/types.js'
import { codeOf, describe } from '../../../support/errors.js'
import { supportsTwin } from '../../../twin/support.js'
import { negotiate } from '../../server/negotiate.js'
import { readJsonBody, refuseBody } from '../../server/body.js'
import { CACHE_PARAMETERS, RELEASE_PARAMETERS, RUN_PARAMETERS } from '../parameters.js'
import { parametersOf } from '../../server/parameters.js'
import { HttpProblem } from '../../server/problem.js'
import { reportJson, readReport } from '../report-store.js'
import type { KeptReport } from '../report-store.js'
import { JSON_TYPE, bytesResponse, jsonResponse, textResponse } from '../../server/respond.js'
import { checkRun } from '../check-run.js'
import { streamTask } from '../stream-task.js'
import { nameIn } from './caches.js'
import type { RouteAction, AdminState, Exchange } from './route.js'

const FORMS = [JSON_TYPE, 'text/plain', 'text/event-stream'] as const
const FORMS_OF_REPORT = [JSON_TYPE, 'text/plain'] as const

/** `POST /attribution` */
export const startRun: RouteAction = async (admin, exchange) => {
  const { request, url, timings } = exchange
  const form = negotiate(request.headers.get('accept'), FORMS)
  const body = await timings.time('read', () => readJsonBody(request, admin.settings))
  const given = parametersOf(url, body, RUN_PARAMETERS)
  checkRun(admin.coordinator, given)
  return run(admin, exchange, form, { ...given, mode: modeOf(admin, given['mode']) })
}

/** `POST /caches/{name}/release`, and `POST /cache/release?name=` for any name at all */
export const releaseCache: RouteAction = async (admin, exchange) => {
  const { request, url, names, timings } = exchange
  const form = negotiate(request.headers.get('accept'), FORMS)
  const body = await timings.time('read', () => readJsonBody(request, admin.settings))
  if (names['name'] !== undefined) {
    const given = parametersOf(url, body, RELEASE_PARAMETERS)
    return release(admin, exchange, form, { ...given, only: [names['name']] })
  }
  const { name, ...given } = parametersOf(url, body, { ...CACHE_PARAMETERS, ...RELEASE_PARAMETERS })
  return release(admin, exchange, form, { ...given, only: [nameIn({ name })] })
}

function release(
  admin: AdminState,
  exchange: Exchange,
  form: (typeof FORMS)[number],
  options: Record<string, unknown>,
): Promise<Response> {
  checkRun(admin.coordinator, { ...options, mode: 'release' })
  return run(admin, exchange, form, { ...options, mode: modeOf(admin, 'release') })
}

/** `GET /attribution` */
export const lastReport: RouteAction = ({ reports }, exchange) => {
  const report = reports.last()
  if (report === undefined) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'there was no run yet')
  return showReport(report, exchange)
}

/** `GET /attribution/{id}` */
export const oneReport: RouteAction = async ({ reports, past }, exchange) => {
  const id = exchange.names['id'] ?? ''
  const report = reports.get(id) ?? (await past.load()).get(id)
  if (report === undefined) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'no report of this id is kept')
  return showReport(report, exchange)
}

/** `GET /reports` */
export const listReports: RouteAction = async ({ reports, past }, { request }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  return jsonResponse({ reports: reports.summariesAfter(await past.load()) })
}

/** `DELETE /attribution/current` */
export const abortRun: RouteAction = async ({ runs, settings }, { request, url }) => {
  parametersOf(url, {}, {})
  await refuseBody(request, settings)
  const id = runs.abort()
  if (id === undefined) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'nothing is under way')
  return jsonResponse({ id }, 202)
}

/** The modes that may be asked for here, the mildest first. */
export function possibleModes({ settings }: AdminState): AttributionMode[] {
  const { supported } = supportsTwin()
  return settings.modes.filter((mode) => mode !== 'twin' || supported)
}

function modeOf(admin: AdminState, given: unknown): unknown {
  const { modes } = admin.settings
  if (given === undefined) {
    const choices = possibleModes(admin)
    if (choices.includes('twin')) return 'twin'
    const reason = modes.includes('twin') ? supportsTwin().reason : 'the mode twin is not allowed here'
    throw new HttpProblem('ERR_HTTP_MODE_NEEDED', `${reason ?? ''}; say which mode to use instead`, {
      extra: { reason, choices },
    })
  }
  // A mode that is none is refused by the coordinator, in its own words.
  const isMode = given === 'twin' || given === 'release' || given === 'trim'
  if (isMode && !modes.includes(given)) {
    throw new HttpProblem('ERR_HTTP_FORBIDDEN', `the mode ${describe(given)} is not allowed here`, {
      extra: { choices: possibleModes(admin) },
    })
  }
  return given
}

async function run(
  admin: AdminState,
  exchange: Exchange,
  form: (typeof FORMS)[number],
  options: Record<string, unknown>,
): Promise<Response> {
  const { request, timings } = exchange
  if (options['mode'] !== 'twin') admin.runs.checkCoolDown()
  if (form === 'text/event-stream') {
    return streamTask(admin, request, 'report', (signal) => attribute(admin, options, signal))
  }
  const report = await timings.time('run', () => attribute(admin, options, request.signal))
  timings.add('pauses', report.pauses.totalMs)
  if (form === 'text/plain') return textResponse(formatReport(report, { color: false }))
  return bytesResponse(reportJson(report), JSON_TYPE)
}

/** Its own words for what is in the way, and what was measured before an abort. */
async function attribute(
  { coordinator, runs }: AdminState,
  options: Record<string, unknown>,
  signal: AbortSignal,
): Promise<AttributionReport> {
  try {
    return await coordinator.attribute({ ...(options as AttributeOptions), trigger: 'http', signal })
  } catch (error) {
    if (error instanceof RunAbortedError) {
      const { report, code, reason } = error
      throw new HttpProblem(code, reason, { extra: { runId: report.id, report } })
    }
    if (codeOf(error) === 'ERR_RUN_IN_PROGRESS') throw runs.inProgress()
    throw error
  }
}

function showReport(report: KeptReport, { request }: Exchange): Response {
  return negotiate(request.headers.get('accept'), FORMS_OF_REPORT) === 'text/plain'
    ? textResponse(formatReport(readReport(report), { color: false }))
    : bytesResponse(report.json, JSON_TYPE)
}
