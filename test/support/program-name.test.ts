import path from 'node:path'
import { expect } from 'chai'
import { nameAbove, processTitle } from '../helpers/internals/support.js'

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

describe('processTitle()', () => {
  const node = { title: 'node', argv0: '/usr/bin/node', execPath: '/opt/node/bin/node' }
  const script = path.resolve('/srv/shop/server.js')

  it('is the script with its folder where the program has set no title', () => {
    for (const title of ['node', '/usr/bin/node', '/opt/node/bin/node']) {
      expect(processTitle({ ...node, title, argv: [node.execPath, script] })).to.equal('shop/server.js')
    }
    expect(processTitle({ ...node, argv: [node.execPath, path.resolve('/server.js')] })).to.equal('server.js')
  })

  it('is the title that the program has set, and any where no script runs', () => {
    expect(processTitle({ ...node, title: 'PM2 shop', argv: [node.execPath, script] })).to.equal('PM2 shop')
    expect(processTitle({ ...node, argv: [node.execPath] })).to.equal('node')
  })
})
