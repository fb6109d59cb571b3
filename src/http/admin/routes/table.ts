/** Every address of the handler. What openapi.ts describes is the same, and a test holds the two together. */
import { abortRun, lastReport, listReports, oneReport, releaseCache, startRun } from './attribution.js'
import { showBreakdown } from './breakdown.js'
import { listCaches, showCache } from './caches.js'
import { showCluster } from './cluster.js'
import { showMetrics } from './metrics.js'
import { showObservation, showOpenApi, showOverview, showStatus } from './overview.js'
import type { Route } from './route.js'
import { showThreads } from './threads.js'
import { showTrends } from './trends.js'
import { discoverOwners, takeSnapshot } from './twin-tools.js'

/** Where two fit, the first counts. GET releases nothing. */
export const ROUTES: readonly Route[] = [
  { path: '/', methods: { GET: showOverview } },
  { path: '/status', methods: { GET: showStatus } },
  { path: '/caches', methods: { GET: listCaches } },
  { path: '/caches/{name}', methods: { GET: showCache } },
  { path: '/caches/{name}/release', methods: { POST: releaseCache } },
  { path: '/cache', methods: { GET: showCache } },
  { path: '/cache/release', methods: { POST: releaseCache } },
  { path: '/observation', methods: { GET: showObservation } },
  { path: '/breakdown', methods: { GET: showBreakdown } },
  { path: '/metrics', methods: { GET: showMetrics } },
  { path: '/trends', methods: { GET: showTrends } },
  { path: '/reports', methods: { GET: listReports } },
  { path: '/attribution', methods: { GET: lastReport, POST: startRun } },
  { path: '/attribution/current', methods: { DELETE: abortRun } },
  { path: '/attribution/{id}', methods: { GET: oneReport } },
  { path: '/discover', methods: { POST: discoverOwners } },
  { path: '/threads', methods: { POST: showThreads } },
  { path: '/cluster', methods: { POST: showCluster } },
  { path: '/heap-snapshot', methods: { POST: takeSnapshot } },
  { path: '/openapi.json', methods: { GET: showOpenApi } },
]
