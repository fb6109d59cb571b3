/** Where the memory is now, at a glance: the page, JSON or text; and the process it is the memory of. */
import cluster from 'node:cluster'
import os from 'node:os'
import { memoryLimit } from '../../../support/control-groups.js'
import { processTitle, programName } from '../../../support/program-name.js'
import { negotiate } from '../../server/negotiate.js'
import { lastLifeView } from '../last-life.js'
import { overviewText } from '../overview-text.js'
import { adminPage } from '../admin-page.js'
import { readReport, summaryOf } from '../report-store.js'
import { JSON_TYPE, htmlResponse, jsonResponse, textResponse } from '../../server/respond.js'
import { countKnownWorkers } from '../../../threads/known-workers.js'
import { supportsTwin } from '../../../twin/support.js'
import { openApiDocument } from '../openapi.js'
import { profileLinks } from '../profile-links.js'
import type { AdminLink, StatusView } from '../types.js'
import { possibleModes } from './attribution.js'
import { cacheViews } from './caches.js'
import type { RouteAction, AdminState, Exchange } from './route.js'

/** Text first: that is what a terminal gets, which accepts anything. A browser says that it wants HTML. */
const FORMS = ['text/plain', JSON_TYPE, 'text/html'] as const

/** `GET /` */
export const showOverview: RouteAction = async (admin, exchange) => {
  const { request, url, below } = exchange
  const { coordinator, reports } = admin
  const form = negotiate(request.headers.get('accept'), FORMS)
  if (form === 'text/html') {
    // The page's own requests are relative to it.
    if (below === '') return toFolder(url)
    const { html: content, contentSecurityPolicy } = await adminPage()
    return htmlResponse(content, contentSecurityPolicy)
  }
  const last = reports.last()
  const report = last === undefined ? null : readReport(last)
  const views = cacheViews(coordinator)
  const { sample } = coordinator.observe()
  if (form === 'text/plain') return textResponse(overviewText(statusOf(admin, exchange), views, sample, report))
  return jsonResponse({
    ...statusOf(admin, exchange),
    sample,
    caches: views,
    lastReport: report === null ? null : summaryOf(report),
  })
}

/** `GET /status` */
export const showStatus: RouteAction = (admin, exchange) => {
  negotiate(exchange.request.headers.get('accept'), [JSON_TYPE])
  return jsonResponse(statusOf(admin, exchange))
}

/** `GET /observation` */
export const showObservation: RouteAction = ({ coordinator }, { request }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  return jsonResponse(coordinator.observe())
}

/** `GET /openapi.json` */
export const showOpenApi: RouteAction = ({ settings }, { request }) => {
  negotiate(request.headers.get('accept'), [JSON_TYPE])
  return jsonResponse(openApiDocument(settings.basePath === '' ? '/' : settings.basePath))
}

/** The answer of `GET /status`. */
function statusOf(admin: AdminState, { role }: Exchange): StatusView {
  const { coordinator, runs, settings } = admin
  const { name, version } = coordinator.allocator
  return {
    process: {
      pid: process.pid,
      nodeVersion: process.version,
      uptimeSeconds: Math.round(process.uptime()),
      title: processTitle(),
      package: programName(),
      host: os.hostname(),
      memoryLimitBytes: memoryLimit(),
      workerThreads: countKnownWorkers(),
      clusterWorkers: Object.keys(cluster.workers ?? {}).length,
    },
    allocator: { name, version },
    twin: supportsTwin(),
    run: runs.current,
    role,
    coolDownRemainingMs: runs.coolDownRemainingMs,
    modes: possibleModes(admin),
    hasHistory: settings.history !== undefined,
    lastLife: lastLifeView(settings.blackBox),
    links: [...settings.links, ...profileLinksOf(admin)],
  }
}

function profileLinksOf({ settings: { basePath, profiles } }: AdminState): AdminLink[] {
  return profiles === undefined ? [] : profileLinks(basePath, profiles.basePath)
}

/** Relative, so that it holds behind a proxy that puts other paths before this one's. */
function toFolder({ pathname }: URL): Response {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  return new Response(null, { status: 308, headers: { location: `./${last}/`, 'content-length': '0' } })
}
