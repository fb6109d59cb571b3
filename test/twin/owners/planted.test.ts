import { expect } from 'chai'
import type { Owner } from '../../../src/report/discovery/types.js'
import { runFixture } from '../../helpers/child.js'
import type { PlantedResult } from './fixtures/planted.js'

const MIB = 1024 * 1024

describe('owners of a real process', () => {
  let result: PlantedResult

  before(async function () {
    this.timeout(60_000)
    result = await runFixture('twin/owners/fixtures/planted', { timeoutMs: 55_000 })
  })

  function owner(path: string): Owner {
    const found = result.discovery.owners.find((each) => each.path === path)
    if (found === undefined) throw new Error(`no owner ${path} among\n${result.text}`)
    return found
  }

  it('are told of a heap that was walked', () => {
    expect(result.discovery.warnings.map(({ code }) => code)).to.not.include('WARN_OWNERS_UNKNOWN')
  })

  it('name a Map by the variable and the property that hold it', () => {
    const { className, kind, entries, script, own } = owner('store.byId')
    expect({ className, kind, entries }).to.deep.equal({ className: 'Map', kind: 'collection', entries: 20_000 })
    expect(script).to.match(/planted\.js$/)
    expect(own.heapBytes).to.be.within(2 * MIB, 5 * MIB)
  })

  it("name a closure's variable by its function, with the memory of the Buffers in it", () => {
    const { entries, own } = owner('createQueue() › pending')
    expect(entries).to.equal(300)
    expect(own.memoryBytes).to.be.within(3_000_000, 3_010_000)
  })

  it('name listeners by their emitter and event', () => {
    expect(owner('bus._events.config')).to.include({ className: 'Array', entries: 2000 })
    expect(owner('bus._events.config').own.heapBytes).to.be.within(2000 * 800, 2000 * 1200)
  })

  it('tell a linked list as one', () => {
    const { own, entries } = owner('chain')
    expect(entries).to.equal(null)
    expect(own.heapBytes).to.be.within(30_000 * 40, 30_000 * 110)
  })

  it('name the promise that suspended functions wait for', () => {
    expect(owner('never').className).to.equal('Promise')
    expect(owner('never').own.heapBytes).to.be.greaterThan(3000 * 50 * 8)
  })

  it('name a dictionary on the global object', () => {
    expect(owner('plantedDictionary').own.heapBytes).to.be.greaterThan(10_000 * 40)
  })

  it('tell copies of a module in one line', () => {
    const { instances, script, entries } = owner('rules')
    expect({ instances, entries }).to.deep.equal({ instances: 20, entries: 60_000 })
    expect(script).to.match(/rules\.mjs\?\*$/)
  })

  it('recognise a registered cache', () => {
    expect(owner('registered').cache).to.equal('registered')
  })

  it("leave out this library's own objects", () => {
    const own = result.discovery.owners.filter(({ script }) => script?.includes('/dist/src/') === true)
    expect(own).to.deep.equal([])
  })

  it('add up to what lives, and nothing is counted twice', () => {
    const { owners, live } = result.discovery
    const sum = owners.reduce((bytes, { own }) => bytes + own.totalBytes, 0)
    expect(sum).to.be.at.most(live?.ownedBytes ?? NaN)
    expect((live?.ownedBytes ?? NaN) + (live?.restBytes ?? NaN)).to.equal(live?.totalBytes)
    for (const { own, retained } of owners) {
      expect(retained.totalBytes).to.be.at.least(own.totalBytes)
      expect(own.heapBytes + own.memoryBytes).to.equal(own.totalBytes)
    }
  })

  it('stand above the collections in the text', () => {
    expect(result.text).to.match(/^Owners of live memory \([\d.]+ MiB live, by the graph of the heap\)/)
    expect(result.text).to.match(/planted\.js › createQueue\(\) › pending: Array\(300\)/)
    expect(result.text).to.match(/the rest: .* of code, Node itself and smaller owners/)
  })
})
