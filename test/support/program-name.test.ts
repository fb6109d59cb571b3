import path from 'node:path'
import { expect } from 'chai'
import { nameAbove } from '../helpers/internals/support.js'

/** A file system of these texts. */
function reader(files: Readonly<Record<string, string>>): (file: string) => string | null {
  return (file) => files[file] ?? null
}

describe('nameAbove()', () => {
  const script = path.resolve('/app/packages/shop/dist/server.js')
  const at = (folder: string): string => path.join(path.resolve(folder), 'package.json')

  it('is the name of the nearest package.json that has one', () => {
    const read = reader({
      [at('/app/packages/shop/dist')]: '{"type":"commonjs"}',
      [at('/app/packages/shop')]: '{"name":"@acme/shop"}',
      [at('/app')]: '{"name":"workspace"}',
    })
    expect(nameAbove(script, read)).to.equal('@acme/shop')
  })

  it('is null where there is none, and none that can be understood', () => {
    expect(nameAbove(script, reader({}))).to.equal(null)
    expect(nameAbove(script, reader({ [at('/app')]: '{"name":', [at('/app/packages')]: '{"name":7}' }))).to.equal(null)
    expect(nameAbove(script, reader({ [at('/app')]: 'null', [at('/app/packages/shop')]: '[]' }))).to.equal(null)
  })

  it('looks no further than a dozen folders up', () => {
    const deep = path.resolve(`/${'a/'.repeat(40)}x.js`)
    expect(nameAbove(deep, reader({ [at('/a')]: '{"name":"far"}' }))).to.equal(null)
  })
})
