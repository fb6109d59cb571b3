/** The common part of descriptions as OpenAPI 3.1: the document around the paths, operations, parameters. */
import { ATTRIBUTION_MODES } from '../../report/types.js'
import { budgetParameters } from './parameters.js'
import type { ParameterKind, ParameterKinds } from './parameters.js'

/** A part of such a document. */
export type OpenApiPart = Readonly<Record<string, unknown>>

const string: OpenApiPart = { type: 'string' }
const number: OpenApiPart = { type: 'number' }

/** The schema of a problem. */
export const PROBLEM_SCHEMA: OpenApiPart = {
  type: 'object',
  properties: { type: string, title: string, status: { type: 'integer' }, detail: string, code: string },
  required: ['type', 'title', 'status', 'detail', 'code'],
}

/** A form of an answer that is text. */
export const TEXT = { schema: { type: 'string' } }

/** The document around the paths of every description here; `schemas` has `Problem`. */
export function openApiDocumentOf(
  info: OpenApiPart,
  basePath: string,
  paths: OpenApiPart,
  schemas: OpenApiPart,
): OpenApiPart {
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
export function schemaOf(name: string): OpenApiPart {
  return { schema: { $ref: `#/components/schemas/${name}` } }
}

/** An answer in JSON alone. */
export function jsonAnswer(name: string): OpenApiPart {
  return { 'application/json': schemaOf(name) }
}

/** One method of an address, and the forms of its answer. */
export function operation(operationId: string, summary: string, content: OpenApiPart, status = '200'): OpenApiPart {
  return {
    operationId,
    summary,
    responses: { [status]: { description: summary, content }, default: { $ref: '#/components/responses/problem' } },
  }
}

/** The parameters as a query. */
export function takesQuery(kinds: ParameterKinds, described: OpenApiPart): OpenApiPart {
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
export function takes(kinds: ParameterKinds, described: OpenApiPart): OpenApiPart {
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
export function pathParameter(name: string, description: string): OpenApiPart {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

const OF_KIND: Readonly<Record<ParameterKind, OpenApiPart>> = {
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
const OF_NAME: OpenApiPart = {
  mode: { enum: ATTRIBUTION_MODES },
  choice: { enum: ['coldest', 'random'] },
  fraction: { type: 'number', minimum: 0.0001, maximum: 1 },
  controls: { type: 'integer', minimum: 0, maximum: 100 },
  twins: { type: 'integer', minimum: 1, maximum: 8 },
  discover: { type: 'integer', minimum: 0, maximum: 100 },
}

/** The schema of a parameter. */
function parameterSchema(name: string, kind: ParameterKind): OpenApiPart {
  return (OF_NAME[name] as OpenApiPart | undefined) ?? OF_KIND[kind]
}
