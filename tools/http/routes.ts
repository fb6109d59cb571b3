/**
 * The tables of routes in docs/reference/http.md, generated from the OpenAPI descriptions that the handlers serve, so that
 * the two cannot differ. The prose around them is written by hand.
 *
 * Rule: pure: the document in, the document out; `tools/http-document.mjs` writes it.
 */
import { openApiDocument } from '../../src/http/admin/openapi.js'
import { profilesOpenApi } from '../../src/http/profiles/profiles-openapi.js'

interface Parameter {
  readonly name: string
  readonly in: string
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly properties: object } }>>
  }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation | readonly Parameter[]>>>>

const METHODS = ['get', 'post', 'delete'] as const
/** Between these marks stands what is generated. */
const MARKS = {
  admin: ['<!-- routes of the admin handler -->', '<!-- end of the routes -->'],
  profiles: ['<!-- routes of the profile handler -->', '<!-- end of the routes of profiles -->'],
} as const

/** The page with its tables made anew. @throws Error where a mark is missing */
export function httpDocument(page: string): string {
  const admin = replaced(page, MARKS.admin, tableOf(openApiDocument('/')['paths'] as Paths))
  return replaced(admin, MARKS.profiles, tableOf(profilesOpenApi('/')['paths'] as Paths))
}

function replaced(page: string, [begin, end]: readonly [string, string], table: string): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/reference/http.md lacks ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`
}

function tableOf(paths: Paths): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method] as Operation | undefined
      return operation === undefined ? [] : [rowOf(`${method.toUpperCase()} ${path}`, operation)]
    }),
  )
  return ['| route | does | parameters | answers |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function rowOf(route: string, { summary, parameters = [], requestBody, responses }: Operation): string {
  const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const body = Object.keys(requestBody?.content['application/json']?.schema.properties ?? {})
  // An object in a body stands in the query by its members.
  const names = [...new Set([...body, ...query])].map((name) => `\`${name}\``)
  const forms = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    status === 'default' ? [] : Object.keys(content).length === 0 ? [`status ${status}`] : Object.keys(content),
  )
  return `| \`${route}\` | ${summary} | ${names.join(', ')} | ${forms.map((form) => (form.startsWith('status') ? form : `\`${form}\``)).join(', ')} |`
}
