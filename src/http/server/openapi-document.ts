/** What descriptions as OpenAPI 3.1 have in common: the document around the paths, operations, parameters. */
import { ATTRIBUTION_MODES } from '../../report/types.js'
import { budgetParameters } from './parameters.js'
import type { Kind, Kinds } from './parameters.js'

/** A part of such a document. */
export type Json = Readonly<Record<string, unknown>>

const string: Json = { type: 'string' }
const number: Json = { type: 'number' }

/** The schema of a problem. */
export const PROBLEM_SCHEMA: Json = {
  type: 'object',
  properties: { type: string, title: string, status: { type: 'integer' }, detail: string, code: string },
  required: ['type', 'title', 'status', 'detail', 'code'],
}

/** A form of an answer that is text. */
export const TEXT = { schema: { type: 'string' } }

/** What every description here has around its paths; `schemas` has `Problem`. */
export function documentOf(info: Json, basePath: string, paths: Json, schemas: Json): Json {
  return {
    openapi: '3.1.0',
    info: { ...info, version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: basePath }],
    security: [{ bearer: [] }, { basic: [] }, {}],
    paths,
    components: {
      schemas,
      responses: {
        problem: { description: 'A problem (RFC 9457)', content: { 'application/problem+json': schemaOf('Problem') } },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user name; the token is the password.' },
      },
    },
  }
}

/** A reference to a schema of the document. */
export function schemaOf(name: string): Json {
  return { schema: { $ref: `#/components/schemas/${name}` } }
}

/** An answer in JSON alone. */
export function jsonOf(name: string): Json {
  return { 'application/json': schemaOf(name) }
}

/** What one method of an address does, and the forms of its answer. */
export function operation(operationId: string, summary: string, content: Json, status = '200'): Json {
  return {
    operationId,
    summary,
    responses: { [status]: { description: summary, content }, default: { $ref: '#/components/responses/problem' } },
  }
}

/** The parameters as a query. */
export function takesQuery(kinds: Kinds, described: Json): Json {
  return {
    ...described,
    parameters: Object.entries(kinds).flatMap(([name, kind]) =>
      kind === 'object' || kind === 'limits'
        ? []
        : [{ name, in: 'query', required: false, schema: parameterSchema(name, kind) }],
    ),
  }
}

/** The parameters as a query, and the same as JSON. */
export function takes(kinds: Kinds, described: Json): Json {
  return {
    ...takesQuery({ ...kinds, ...budgetParameters(kinds) }, described),
    requestBody: {
      required: false,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            additionalProperties: false,
            properties: Object.fromEntries(
              Object.entries(kinds).map(([name, kind]) => [name, parameterSchema(name, kind)]),
            ),
          },
        },
      },
    },
  }
}

/** A part of a path that stands for a name. */
export function pathParameter(name: string, description: string): Json {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

const OF_KIND: Readonly<Record<Kind, Json>> = {
  text: string,
  number,
  names: { type: 'array', items: string, uniqueItems: true },
  flag: { type: 'boolean' },
  object: { type: 'object', properties: { pauseMs: number, durationMs: number }, additionalProperties: false },
  limits: {
    type: 'object',
    properties: { pauseMs: number, durationMs: number, memoryBytes: number },
    additionalProperties: false,
  },
}
const OF_NAME: Json = {
  mode: { enum: ATTRIBUTION_MODES },
  choice: { enum: ['coldest', 'random'] },
  fraction: { type: 'number', minimum: 0.0001, maximum: 1 },
  controls: { type: 'integer', minimum: 0, maximum: 100 },
  twins: { type: 'integer', minimum: 1, maximum: 8 },
  discover: { type: 'integer', minimum: 0, maximum: 100 },
}

/** The schema of a parameter. */
function parameterSchema(name: string, kind: Kind): Json {
  return (OF_NAME[name] as Json | undefined) ?? OF_KIND[kind]
}
