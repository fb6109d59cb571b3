/**
 * The description of the routes as OpenAPI 3.1. A test validates it, and holds it and the table of routes together, both
 * ways.
 */
import {
  TEXT,
  openApiDocumentOf,
  jsonAnswer,
  operation,
  pathParameter,
  schemaOf,
  takes,
  takesQuery,
} from '../server/openapi-document.js'
import type { OpenApiPart } from '../server/openapi-document.js'
import {
  CACHE_PARAMETERS,
  DISCOVER_PARAMETERS,
  RELEASE_PARAMETERS,
  RUN_PARAMETERS,
  SNAPSHOT_PARAMETERS,
} from './parameters.js'
import { SCHEMAS } from './openapi-schemas.js'

const REPORT_FORMS = { 'application/json': schemaOf('AttributionReport'), 'text/plain': TEXT }
const RUN_FORMS = { ...REPORT_FORMS, 'text/event-stream': TEXT }

const name = pathParameter('name', 'Name of a registered cache, percent-encoded')
const id = pathParameter('id', 'Id of a report')

const PATHS: OpenApiPart = {
  '/': {
    get: operation('overview', 'The page, the caches as a table (also for `*/*`), or a summary, by Accept', {
      'text/plain': TEXT,
      'application/json': schemaOf('Overview'),
      'text/html': TEXT,
    }),
  },
  '/status': {
    get: operation('status', 'The process, the run under way, role and modes of the client', jsonAnswer('Status')),
  },
  '/caches': { get: operation('listCaches', 'The registered caches, without a run', jsonAnswer('Caches')) },
  '/caches/{name}': {
    parameters: [name],
    get: operation('showCache', 'One registered cache, without a run', jsonAnswer('Cache')),
  },
  '/caches/{name}/release': {
    parameters: [name],
    post: takes(
      RELEASE_PARAMETERS,
      operation('releaseCache', 'Releases one cache in the live process, measured', RUN_FORMS),
    ),
  },
  '/cache': {
    get: takesQuery(
      CACHE_PARAMETERS,
      operation(
        'showCacheByName',
        'One registered cache by any name: also `.` and `..`, and half a surrogate pair as in WTF-8',
        jsonAnswer('Cache'),
      ),
    ),
  },
  '/cache/release': {
    post: takes(
      { ...CACHE_PARAMETERS, ...RELEASE_PARAMETERS },
      operation(
        'releaseCacheByName',
        'Releases one cache in the live process, measured; the name as a parameter',
        RUN_FORMS,
      ),
    ),
  },
  '/observation': {
    get: operation('observe', '`observe()`: caches and allocator, without a run', jsonAnswer('Observation')),
  },
  '/breakdown': {
    get: operation('breakdown', 'Where all of RSS is, as a tree that adds up', {
      'application/json': schemaOf('MemoryNode'),
      'text/plain': TEXT,
    }),
  },
  '/metrics': {
    get: operation('metrics', 'The registry given as the option `metrics`, as text or OpenMetrics', {
      'text/plain': TEXT,
      'application/openmetrics-text': TEXT,
    }),
  },
  '/trends': {
    get: operation(
      'trends',
      'What grows, how fast, and how certain that is, by the option `history`; 404 without one',
      {
        'application/json': schemaOf('Trends'),
        'text/plain': TEXT,
      },
    ),
  },
  '/reports': {
    get: operation(
      'listReports',
      'The kept reports in short, the newest last; with `history` those of earlier processes too',
      jsonAnswer('Reports'),
    ),
  },
  '/attribution': {
    get: operation('lastReport', 'The last report', REPORT_FORMS),
    post: takes(
      RUN_PARAMETERS,
      operation(
        'attribute',
        'Starts a run, in a twin unless `mode` says otherwise, or joins an identical one under way',
        RUN_FORMS,
      ),
    ),
  },
  '/attribution/current': { delete: operation('abort', 'Aborts the run under way', jsonAnswer('Aborted'), '202') },
  '/attribution/{id}': { parameters: [id], get: operation('showReport', 'One report', REPORT_FORMS) },
  '/discover': {
    post: takes(
      DISCOVER_PARAMETERS,
      operation('discover', 'Finds the largest owners of live memory, and measures them in a twin', {
        'application/json': schemaOf('Discovery'),
        'text/plain': TEXT,
        'text/event-stream': TEXT,
      }),
    ),
  },
  '/threads': {
    post: takes(
      {},
      operation('attributeThreads', 'The caches of all threads, each measured in a twin of its thread', {
        'application/json': schemaOf('ThreadsReport'),
        'text/plain': TEXT,
      }),
    ),
  },
  '/cluster': {
    post: takes(
      {},
      operation('attributeCluster', 'The caches of this process and of those that it started, each in a twin', {
        'application/json': schemaOf('FleetReport'),
        'text/plain': TEXT,
        'text/html': TEXT,
      }),
    ),
  },
  '/heap-snapshot': {
    post: takes(
      SNAPSHOT_PARAMETERS,
      operation('heapSnapshot', 'A heap snapshot, taken in a twin; with `histogram` the live objects by class', {
        'application/octet-stream': {},
        'application/json': schemaOf('ClassHistogram'),
        'text/plain': TEXT,
      }),
    ),
  },
  '/openapi.json': {
    get: operation('openApi', 'The OpenAPI description of these routes', {
      'application/json': { schema: { type: 'object' } },
    }),
  },
}

/** The document; `basePath` is where its addresses lie. */
export function openApiDocument(basePath: string): OpenApiPart {
  const description = 'Measures which cache of this process holds how much memory. GET releases nothing.'
  return openApiDocumentOf({ title: 'Memory by cache', description }, basePath, PATHS, SCHEMAS)
}
