import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import { ReportHistory } from '../../../src/history/index.js'
import { openApiDocument } from '../../helpers/internals/http-admin.js'
import { ROUTES } from '../../helpers/internals/http-admin-routes.js'
import { openSite } from '../site.js'
import type { Site } from '../site.js'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}
interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Record<string, { schema?: Schema }> }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const document = openApiDocument('/debug/memory') as unknown as Document

describe('GET /openapi.json', () => {
  let site: Site
  let history: ReportHistory
  const folder = mkdtempSync(path.join(os.tmpdir(), 'openapi-'))
  before(async () => {
    history = await ReportHistory.open(folder)
    site = await openSite({ history })
    history.attach(site.coordinator)
  })
  after(async () => {
    await (site as Site | undefined)?.close()
    await (history as ReportHistory | undefined)?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is valid OpenAPI 3.1', async () => {
    const answer = await fetch(`${site.base}/openapi.json`)
    const validator = new Validator()
    const { valid, errors } = await validator.validate((await answer.json()) as Record<string, unknown>)
    expect(errors).to.equal(undefined)
    expect(valid).to.equal(true)
    expect(validator.version).to.equal('3.1')
  })

  it('has every route and method of the table, and no other', () => {
    const described = Object.entries(document.paths).flatMap(([route, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${route}`),
    )
    const routes = ROUTES.flatMap((route) => Object.keys(route.methods).map((method) => `${method} ${route.path}`))
    expect(described.toSorted()).to.deep.equal(routes.toSorted())
  })

  it('knows every schema that it refers to', () => {
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(document.components.schemas, name).to.have.property(name ?? '')
    }
  })

  for (const route of [
    '/',
    '/status',
    '/caches',
    '/caches/{name}',
    '/observation',
    '/breakdown',
    '/trends',
    '/reports',
    '/attribution',
  ]) {
    it(`describes what GET ${route} gives`, async () => {
      await fetch(`${site.base}/attribution?mode=release`, { method: 'POST' })
      const answer = await fetch(site.base + route.replace('{name}', 'users'), {
        headers: { accept: 'application/json' },
      })
      const { schema } = document.paths[route]?.['get']?.responses['200']?.content?.['application/json'] ?? {}
      const problems = mismatches(await answer.json(), schema ?? {}, route)
      expect(problems).to.deep.equal([])
    })
  }
})

/** Where a value lacks what its schema requires, or is of another type. */
function mismatches(value: unknown, schema: Schema, at: string): string[] {
  if (schema.$ref !== undefined) {
    return mismatches(value, document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, at)
  }
  if (schema.oneOf !== undefined) {
    const all = schema.oneOf.map((one) => mismatches(value, one, at))
    return all.find((problems) => problems.length === 0) ?? all.flat()
  }
  const types = schema.type === undefined ? undefined : [schema.type].flat()
  if (
    types !== undefined &&
    !types.includes(typeOf(value)) &&
    !(types.includes('integer') && Number.isInteger(value))
  ) {
    return [`${at} is ${typeOf(value)}, not ${types.join(' or ')}`]
  }
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => mismatches(entry, schema.items ?? {}, `${at}[${index}]`))
  }
  if (typeof value !== 'object' || value === null) return []
  const parts = value as Readonly<Record<string, unknown>>
  return [
    ...(schema.required ?? []).filter((name) => !(name in parts)).map((name) => `${at} has no ${name}`),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
      name in parts ? mismatches(parts[name], part, `${at}.${name}`) : [],
    ),
  ]
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

describe('docs/reference/http.md', () => {
  it('has every route and method of the description', () => {
    const text = readFileSync(new URL('../../../../docs/reference/http.md', import.meta.url), 'utf8')
    const routes = Object.entries(document.paths).flatMap(([route, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${route}`),
    )
    expect(routes.filter((route) => !new RegExp(`\`${route.replace(/[{}/]/g, '\\$&')}[?\`]`).test(text))).to.deep.equal(
      [],
    )
  })
})
