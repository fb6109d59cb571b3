/**
 * The description of the routes of the profile handler as OpenAPI 3.1. A test validates it, and holds it and the table of
 * routes together, both ways.
 */
import {
  PROBLEM_SCHEMA,
  TEXT,
  openApiDocumentOf,
  operation,
  pathParameter,
  takesQuery,
} from '../server/openapi-document.js'
import type { OpenApiPart } from '../server/openapi-document.js'
import type { ParameterKinds } from '../server/parameters.js'

/** Those of a profile. */
export const PROFILE_PARAMETERS = {
  seconds: 'number',
  gc: 'number',
  leak: 'number',
  temporary: 'number',
  debug: 'number',
  base: 'text',
  kind: 'text',
} as const satisfies ParameterKinds

const { debug: _debug, ...OF_VIEWS } = PROFILE_PARAMETERS
const OBJECT = { 'application/json': { schema: { type: 'object' } } }
const id = pathParameter('id', 'Id of a dump, percent-encoded')
const dumps = {
  type: 'object',
  properties: { dumps: { type: 'array', items: { type: 'object' } } },
  required: ['dumps'],
}

const PATHS: OpenApiPart = {
  '/': {
    get: takesQuery(
      PROFILE_PARAMETERS,
      operation('heapProfile', 'A heap profile for pprof; with `debug=1` the text of jemalloc', {
        'application/octet-stream': {},
        'text/plain': TEXT,
      }),
    ),
  },
  '/flamegraph': {
    get: takesQuery(OF_VIEWS, operation('flamegraph', 'A heap profile as a flame graph', { 'text/html': TEXT })),
  },
  '/top': {
    get: takesQuery(OF_VIEWS, operation('topTable', 'A heap profile as a table of functions', { 'text/plain': TEXT })),
  },
  '/dumps': {
    get: operation('listDumps', 'The kept dumps', { 'application/json': { schema: dumps } }),
  },
  '/dumps/{id}': {
    parameters: [id],
    get: operation('showDump', 'One dump, as it was written', { 'application/octet-stream': {} }),
    delete: {
      operationId: 'removeDump',
      summary: 'Removes one dump',
      responses: {
        204: { description: 'The dump was removed' },
        default: { $ref: '#/components/responses/problem' },
      },
    },
  },
  '/profiling/activate': {
    post: operation('activateProfiling', 'Switches sampling on; answers with the state', OBJECT),
  },
  '/profiling/deactivate': {
    post: operation('deactivateProfiling', 'Switches sampling off; answers with the state', OBJECT),
  },
  '/openapi.json': { get: operation('openApi', 'The OpenAPI description of these routes', OBJECT) },
}

/** The document; `basePath` is where its addresses lie. */
export function profilesOpenApi(basePath: string): OpenApiPart {
  const description = 'Who allocated what lives: heap profiles of this process. All of it is for operators.'
  return openApiDocumentOf({ title: 'Heap profiles', description }, basePath === '' ? '/' : basePath, PATHS, {
    Problem: PROBLEM_SCHEMA,
  })
}
