import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { format, resolveConfig } from 'prettier'
import { ROUTES } from '../helpers/internals/http-admin-routes.js'
import { httpDocument } from '../../tools/http/routes.js'

const FILE = fileURLToPath(new URL('../../../docs/reference/http.md', import.meta.url))

describe('docs/reference/http.md', () => {
  const page = readFileSync(FILE, 'utf8')

  it('has the tables that the descriptions make: npm run docs:http writes them', async () => {
    const options = await resolveConfig(FILE)
    expect(page).to.equal(await format(httpDocument(page), { ...options, filepath: FILE }))
  })

  it('lists every route that is served', () => {
    for (const { path, methods } of ROUTES) {
      for (const method of Object.keys(methods)) expect(page).to.include(`| \`${method} ${path}\``)
    }
  })

  it('keeps the prose, and refuses a page without the marks', () => {
    const [before = '', after = ''] = page.split('<!-- routes of the admin handler -->')
    expect(httpDocument(page.replace('GET /breakdown', 'GET /gone'))).to.include('GET /breakdown')
    expect(httpDocument(page).startsWith(before)).to.equal(true)
    expect(() => httpDocument(`${before}${after}`)).to.throw('lacks <!-- routes of the admin handler -->')
  })
})
