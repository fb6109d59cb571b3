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
    get: operation('overview', 'The page, the caches as a table, or a summary, by Accept', {
      'text/plain': TEXT,
      'application/json': schemaOf('Overview'),
      'text/html': TEXT,
    }),
  },
  '/status': {
    get: operation('status', 'The process, what is under way, what the client may do', jsonAnswer('Status')),
  },
  '/caches': { get: operation('listCaches', 'The registered caches as they stand', jsonAnswer('Caches')) },
  '/caches/{name}': { parameters: [name], get: operation('showCache', 'One cache as it stands', jsonAnswer('Cache')) },
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
        'One cache as it stands, by any name: also . and .., and half a surrogate pair as in WTF-8',
        jsonAnswer('Cache'),
      ),
    ),
  },
  '/cache/release': {
    post: takes(
      { ...CACHE_PARAMETERS, ...RELEASE_PARAMETERS },
      operation('releaseCacheByName', 'Releases one cache in the live process, measured; by any name', RUN_FORMS),
    ),
  },
  '/observation': { get: operation('observe', 'Caches and allocator as they stand', jsonAnswer('Observation')) },
  '/breakdown': {
    get: operation('breakdown', 'Where all of RSS is, as a tree that adds up', {
      'application/json': schemaOf('MemoryNode'),
      'text/plain': TEXT,
    }),
  },
  '/metrics': {
    get: operation('metrics', 'The metrics, where a registry was given to the handler', {
      'text/plain': TEXT,
      'application/openmetrics-text': TEXT,
    }),
  },
  '/trends': {
    get: operation('trends', 'What grows, how fast, and how sure that is, by the history; 404 without one', {
      'application/json': schemaOf('Trends'),
      'text/plain': TEXT,
    }),
  },
  '/reports': {
    get: operation('listReports', 'The reports that are kept, in short, the newest last', jsonAnswer('Reports')),
  },
  '/attribution': {
    get: operation('lastReport', 'The last report', REPORT_FORMS),
    post: takes(
      RUN_PARAMETERS,
      operation(
        'attribute',
        'A run, in a twin unless mode says otherwise; joins an identical one under way',
        RUN_FORMS,
      ),
    ),
  },
  '/attribution/current': { delete: operation('abort', 'Aborts what is under way', jsonAnswer('Aborted'), '202') },
  '/attribution/{id}': { parameters: [id], get: operation('showReport', 'One report', REPORT_FORMS) },
  '/discover': {
    post: takes(
      DISCOVER_PARAMETERS,
      operation('discover', 'Large collections that nobody registered, found and emptied in a twin', {
        'application/json': schemaOf('Discovery'),
        'text/plain': TEXT,
      }),
    ),
  },
  '/heap-snapshot': {
    post: takes(
      SNAPSHOT_PARAMETERS,
      operation('heapSnapshot', 'A heap snapshot, taken in a twin; with histogram the live objects by class', {
        'application/octet-stream': {},
        'application/json': schemaOf('ClassHistogram'),
        'text/plain': TEXT,
      }),
    ),
  },
  '/openapi.json': {
    get: operation('openApi', 'This document', { 'application/json': { schema: { type: 'object' } } }),
  },
}

/** The document; `basePath` is where its addresses lie. */
export function openApiDocument(basePath: string): OpenApiPart {
  const description = 'Measures which cache of this process holds how much memory. GET releases nothing.'
  return openApiDocumentOf({ title: 'Memory by cache', description }, basePath, PATHS, SCHEMAS)
}
