import { expect } from 'chai'
import type { Owner } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import type { ScopesResult } from './fixtures/scopes.js'

describe("owners behind V8's and Node's own books", () => {
  let result: ScopesResult

  before(async function () {
    this.timeout(60_000)
    result = await runFixture('twin/owners/fixtures/scopes', {
      timeoutMs: 55_000,
      env: { NODE_V8_COVERAGE: undefined },
    })
  })

  function owner(path: string): Owner {
    const found = result.discovery.owners.find((each) => each.path === path)
    if (found === undefined) throw new Error(`no owner ${path} among\n${result.text}`)
    return found
  }

  it('are contexts of node:vm, with what stands in them, by the variable that holds them', () => {
    const { script, entries, instances, retained } = owner('tenants')
    expect(script).to.match(/scopes\.js$/)
    expect({ entries, instances }).to.deep.equal({ entries: 12, instances: 1 })
    // Rows, the variables of the scripts that ran there, and the built-ins of each context.
    expect(retained.heapBytes).to.be.within(12 * (600 * 816 + 3000 * 48), 12 * (600 * 900 + 3000 * 100 + 250_000))
  })

  it('call the built-ins of a context so, and no variables of a function', () => {
    const builtIns = result.discovery.owners.filter(({ className }) => className === 'system / NativeContext')
    expect(builtIns.map(({ kind }) => kind)).to.not.include('variables')
    expect(result.text).to.match(/built-ins of a context/)
  })

  it("are functions compiled from text, which V8's cache of compiled code has as well", () => {
    expect(owner('rules').own.heapBytes).to.be.greaterThan(2000 * 2500)
  })

  it("are named by the application's variable, where one of Node's has them, too", () => {
    const { script, kind, site } = owner('channel._subscribers')
    expect(script).to.match(/scopes\.js$/)
    expect(kind).to.equal('collection')
    expect(site).to.include({ count: 2000 })
  })

  it('are collections with their entries, however large each of these is', () => {
    const { entries, own, retained } = owner('sessions')
    expect(entries).to.equal(40)
    expect(retained.memoryBytes).to.be.within(40 * 100_000, 40 * 100_100)
    const place = result.discovery.owners.findIndex(({ path }) => path === 'sessions')
    const inside = result.discovery.owners.filter(({ partOf }) => partOf === place)
    expect(own.totalBytes + inside.reduce((sum, each) => sum + each.retained.totalBytes, 0)).to.equal(
      retained.totalBytes,
    )
    expect(result.text).to.match(/scopes\.js › sessions: Map\(40\) .* 10\d,\d{3}/)
  })

  it("are not named by functions of Node's that they hold", () => {
    expect(owner('passing').site).to.equal(null)
  })

  it('hold together what several of their members hold, and nothing else', () => {
    const sockets = result.discovery.owners.find(({ kind }) => kind === 'sockets')
    expect(sockets?.instances).to.be.at.least(60)
    expect(sockets?.own.heapBytes).to.be.lessThan(29 * 2000 * 8)
    expect(sockets?.retained.heapBytes).to.be.greaterThan(29 * 2000 * 8)
  })
})
