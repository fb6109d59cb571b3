import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { format, resolveConfig } from 'prettier'
import { ADAPTER_TABLE, REFUSALS } from '../helpers/internals/adapters.js'
import * as adapters from '../../src/adapters/index.js'
import { adaptersDocument } from '../../tools/adapters/table.js'

const ROOT = new URL('../../../', import.meta.url)

describe('docs/reference/adapters.md', () => {
  it('is what the adapters say of themselves (npm run docs:adapters)', async () => {
    const file = fileURLToPath(new URL('docs/reference/adapters.md', ROOT))
    const options = await resolveConfig(file)
    const generated = await format(adaptersDocument(ADAPTER_TABLE, REFUSALS), { ...options, parser: 'markdown' })
    expect(readFileSync(file, 'utf8')).to.equal(generated)
  })

  it('has a row for every adapter that is exported, and for no other', () => {
    const named = ADAPTER_TABLE.map(({ name }) => name)
    expect([...named, 'fromCache']).to.have.members(Object.keys(adapters))
  })

  it('names the major version that is installed and tested', () => {
    const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
      devDependencies: Readonly<Record<string, string>>
    }
    for (const { library, version } of ADAPTER_TABLE) {
      const range = devDependencies[library]
      // Packages that come with cacheable have no range of their own.
      if (version !== null && range !== undefined)
        expect(range, library).to.match(new RegExp(`^[\\^~]?${version.replace('.', '\\.')}\\.`))
    }
  })
})
