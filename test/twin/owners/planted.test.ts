import { expect } from 'chai'
import type { Owner } from '../../../src/twin/index.js'
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

  it('name listeners by their emitter and event, and by where they stand', () => {
    const { kind, entries, site, own } = owner('bus._events.config')
    expect({ kind, entries }).to.deep.equal({ kind: 'listeners', entries: 2000 })
    expect(site).to.include({ count: 2000 })
    expect(site?.line).to.be.a('number')
    expect(own.heapBytes).to.be.within(2000 * 800, 2000 * 1200)
    expect(result.text).to.match(/planted\.js › bus\.listeners\('config'\) ×2,000 from planted\.js:\d+/)
  })

  it('name listeners of an EventTarget, a list, by their event and by where they stand', () => {
    const listeners = result.discovery.owners.find(({ path }) => path?.startsWith('changes.') === true)
    expect(listeners).to.include({ kind: 'listeners', entries: null })
    expect(listeners?.own.heapBytes).to.be.within(1500 * 800, 1500 * 1200)
    expect(result.text).to.match(/planted\.js › changes\.listeners\('change'\) ×1,500 from planted\.js:\d+/)
  })

  it('begin the path of what the roots hold with its class', () => {
    expect(owner('process._events.planted')).to.include({ kind: 'listeners', entries: 1200 })
    expect(result.text).to.match(/process\.listeners\('planted'\) ×1,200 from planted\.js:\d+/)
  })

  it('name a variable that is a long text', () => {
    const { script, own } = owner('journal')
    expect(script).to.match(/planted\.js$/)
    expect(own.heapBytes).to.be.greaterThan(9000 * 18)
    expect(result.text).to.match(/planted\.js › journal: string/)
  })

  it('tell asynchronous generators that nobody resumes from calls that await, and leave out those that have ended', () => {
    const generators = result.discovery.owners.find(({ kind }) => kind === 'generators')
    expect(generators).to.include({ path: 'readRows()', instances: 600 })
    const inFlight = (result.discovery.inFlight ?? []).filter(({ site }) => site?.function === 'readRows')
    expect(inFlight.map(({ kind, count }) => ({ kind, count }))).to.deep.equal([{ kind: 'generators', count: 600 }])
  })

  it('tell a linked list as one', () => {
    const { own, entries } = owner('chain')
    expect(entries).to.equal(null)
    expect(own.heapBytes).to.be.within(30_000 * 40, 30_000 * 110)
  })

  it('name suspended calls by their function', () => {
    const { kind, instances, site, own } = owner('fetchUser()')
    expect({ kind, instances }).to.deep.equal({ kind: 'calls', instances: 3000 })
    expect(site).to.include({ function: 'fetchUser' })
    expect(own.heapBytes).to.be.greaterThan(3000 * 50 * 8)
    expect(result.text).to.match(/promises awaiting fetchUser\(\) ×3,000 from planted\.js:\d+/)
  })

  it('count what each of many calls holds with them, however large it is', () => {
    const { kind, instances, own } = owner('upload()')
    expect({ kind, instances }).to.deep.equal({ kind: 'calls', instances: 20 })
    expect(own.memoryBytes).to.be.within(20 * 100_000, 20 * 100_100)
  })

  it('count with suspended calls what resumes them', () => {
    const never = result.discovery.owners.find(({ path }) => path === 'never')
    expect(never?.own.totalBytes ?? 0).to.be.lessThan(3000 * 50)
  })

  it('tell connections that nothing but Node holds in one line', () => {
    const sockets = result.discovery.owners.filter(({ kind }) => kind === 'sockets' || kind === 'requests')
    expect(sockets.map(({ kind, className }) => ({ kind, className }))).to.deep.equal([
      { kind: 'sockets', className: 'Socket' },
    ])
    expect(sockets[0]?.instances).to.be.within(80, 90)
    expect(sockets[0]?.own.totalBytes).to.be.greaterThan(80 * 4000)
    expect(result.text).to.match(/^\d+ +sockets Socket ×8\d /m)
  })

  it('name timers by where their function stands', () => {
    const timers = result.discovery.owners.find(({ kind }) => kind === 'timers')
    expect(timers).to.include({ className: 'Timeout', instances: 1000 })
    expect(timers?.own.heapBytes).to.be.within(1000 * 40 * 8, 1000 * 1000)
    expect(result.text).to.match(/timers ×1,000 set in planted\.js:\d+/)
  })

  it('name a dictionary on the global object', () => {
    expect(owner('plantedDictionary').own.heapBytes).to.be.greaterThan(10_000 * 40)
  })

  it('tell copies of a module in one line', () => {
    const modules = result.discovery.owners.find(({ kind }) => kind === 'modules')
    expect(modules).to.include({ instances: 20 })
    expect(modules?.script).to.match(/rules\.mjs\?v=\*$/)
    expect(modules?.own.heapBytes).to.be.greaterThan(20 * 3000 * 40)
    expect(result.text).to.match(/20 modules rules\.mjs\?v=\*/)
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

  it('are a table in the text, with the rest in a line', () => {
    expect(result.text).to.match(/^Owners of live memory \([\d.]+ MiB live, by the graph of the heap, took /)
    expect(result.text).to.match(/planted\.js › createQueue\(\) › pending: Array\(300\)/)
    expect(result.text).to.match(/the rest: .* of code, Node itself and small pieces/)
  })

  it('stand beside what is in flight, by where its function stands', () => {
    const inFlight = result.discovery.inFlight ?? []
    const timers = inFlight.find(({ kind, count }) => kind === 'timers' && count === 1000)
    expect(timers?.site?.script).to.match(/planted\.js$/)
    expect(timers?.retainedBytes).to.be.within(1000 * 40 * 8, 1000 * 1000)
    const calls = inFlight.find(({ site }) => site?.function === 'fetchUser')
    expect(calls).to.include({ kind: 'calls', count: 3000, bufferedBytes: null })
    const promises = inFlight.find(({ kind }) => kind === 'promises')
    expect(promises?.count).to.be.within(3001, 3100)
    const streams = inFlight.find(({ className }) => className === 'PassThrough')
    expect(streams).to.include({ kind: 'streams', count: 2, bufferedBytes: 6000 })
    expect(result.text).to.match(/^promises awaiting fetchUser\(\) ×3,000 from planted\.js:\d+ /m)
  })

  it('tell requests by the function that handles them, at both ends', () => {
    const handled = (name: string): string[] =>
      (result.discovery.inFlight ?? [])
        .filter(({ site }) => site?.function === name)
        .map(({ kind, className, count }) => `${kind} ${className} ${String(count)}`)
        .sort()
    expect(handled('answerLater')).to.deep.equal([
      'requests IncomingMessage 40',
      'requests ServerResponse 40',
      'sockets Socket 40',
    ])
    expect(handled('notAnswered')).to.deep.equal(['requests ClientRequest 40'])
    expect(result.text).to.match(/^sockets Socket ×40, answerLater\(\) from planted\.js:\d+ /m)
  })
})
