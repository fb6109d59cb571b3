import { expect } from 'chai'
import { disagreementOf } from '../../helpers/internals/report-discovery.js'
import type { Owner } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import type { Discovered } from './fixtures/discovered.js'

const ENTRIES = 30_000
const KIB = 1024
const MIB = 1024 * KIB

function run(known: 'known' | 'unknown'): Promise<Discovered> {
  return runFixture('twin/discover/fixtures/discovered', {
    args: [known],
    timeoutMs: 110_000,
    // The service alone: what counts lines keeps collections in the process.
    env: { NODE_V8_COVERAGE: undefined },
  })
}

function ownerAt({ discovery, text }: Discovered, path: RegExp): Owner {
  const owner = discovery.owners.find((each) => each.path !== null && path.test(each.path))
  if (owner === undefined) throw new Error(`no owner ${String(path)} among\n${text}`)
  return owner
}

describe('discover() in a service', function () {
  this.timeout(120_000)
  let result: Discovered
  before(async () => {
    result = await run('unknown')
  })

  const NAMED: readonly [what: string, path: RegExp, entries: number | null, script: RegExp][] = [
    ['a Map of a class', /\bbyId$/, ENTRIES, /(?:service|discovered)\.js$/],
    ['an array that a closure hides', /^createQueue\(\) › pending$/, ENTRIES - 1000, /service\.js$/],
    ['a Set of a module', /^seen$/, ENTRIES - 2000, /service\.js$/],
    ['a dictionary without a prototype', /^bare$/, null, /service\.js$/],
    ['an LRU cache as one', /^lru$/, ENTRIES - 4000, /service\.js$/],
    ['a Map in a private field by its only holder', /^secrets$/, ENTRIES - 5000, /service\.js$/],
    ['a dictionary by number', /^numbered$/, null, /service\.js$/],
    ['a Map that lies about itself', /^lying$/, ENTRIES - 7000, /service\.js$/],
    ['a list deep in a state', /^state\.tenants\[.*\]\.documents$/, ENTRIES - 8000, /service\.js$/],
    ['a frozen list', /^frozen$/, ENTRIES - 9000, /service\.js$/],
    ['a Map among the exports of a CommonJS module', /exports\.rows$/, ENTRIES - 10_000, /./],
    ['a list of a CommonJS module', /^hidden$/, ENTRIES - 11_000, /legacy\.cjs$/],
    ['a Map of sessions', /^sessions$/, 2000, /service\.js$/],
    ['many small ones as the one that holds them', /^shards$/, 2000, /service\.js$/],
  ]
  for (const [what, path, entries, script] of NAMED) {
    it(`finds and names ${what}`, () => {
      const owner = ownerAt(result, path)
      expect(owner.entries).to.equal(entries)
      expect(owner.script).to.match(script)
    })
  }

  /** Two small integers and a shape: five words an object, on every version. */
  const RECORD_BYTES = 40
  const EMPTIED: readonly [path: RegExp, leastBytes: number][] = [
    [/^createQueue\(\) › pending$/, (ENTRIES - 1000) * RECORD_BYTES],
    [/\.documents$/, (ENTRIES - 8000) * RECORD_BYTES],
    [/^seen$/, (ENTRIES - 2000) * RECORD_BYTES],
    [/^bare$/, (ENTRIES - 3000) * RECORD_BYTES],
    [/^numbered$/, (ENTRIES - 6000) * RECORD_BYTES],
    [/^lying$/, (ENTRIES - 7000) * RECORD_BYTES],
    [/^secrets$/, (ENTRIES - 5000) * RECORD_BYTES],
  ]
  for (const [path, leastBytes] of EMPTIED) {
    it(`measures what the graph says of ${path.source}, within 5 %`, () => {
      const { released, retained, disagreement, uncertaintyBytes } = ownerAt(result, path)
      expect(released?.heapBytes).to.be.above(leastBytes)
      expect(released?.heapBytes).to.be.closeTo(retained.heapBytes, 0.05 * retained.heapBytes)
      expect(uncertaintyBytes).to.be.within(1, 256 * KIB)
      if (disagreement !== null) expect(disagreement).to.contain('more came back from the allocator')
    })
  }

  it('empties a cache of several collections as a whole, each of them once', () => {
    const { released, retained, own, fields = [] } = ownerAt(result, /^lru$/)
    expect(fields).to.have.length.above(1)
    const ofFields = fields.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
    expect(ofFields).to.be.within(0.5 * own.totalBytes, own.totalBytes)
    expect(own.totalBytes).to.be.at.most(retained.totalBytes)
    expect(released?.totalBytes).to.be.closeTo(retained.totalBytes, 0.08 * retained.totalBytes)
    expect(result.discovery.owners.filter(({ path }) => path?.startsWith('lru.') === true)).to.deep.equal([])
  })

  it('gives what is frozen the figure of the graph, and no measured one', () => {
    const { released, uncertaintyBytes, returned, own } = ownerAt(result, /^frozen$/)
    expect({ released, uncertaintyBytes, returned }).to.deep.equal({
      released: null,
      uncertaintyBytes: null,
      returned: null,
    })
    expect(own.heapBytes).to.be.above((ENTRIES - 9000) * RECORD_BYTES)
    expect(result.text).to.match(/service\.js › frozen: .* by the graph alone$/m)
  })

  it('lists the largest first, none below what is asked for, and none of its own', () => {
    const bytes = result.discovery.owners.map(({ own }) => own.totalBytes)
    expect(bytes).to.deep.equal(bytes.toSorted((a, b) => b - a))
    expect(Math.min(...bytes)).to.be.at.least(64 * KIB)
    expect(result.discovery.owners.filter(({ script }) => script?.includes('/dist/src/') === true)).to.deep.equal([])
  })

  it('runs no trap, no getter and no method of anything', () => {
    expect(result.touched).to.deep.equal([])
  })

  it('takes no entry from the process itself', () => {
    expect(result.countsAfter).to.deep.equal(result.countsBefore)
  })
})

describe('discover() with registered caches', function () {
  this.timeout(120_000)
  let result: Discovered
  before(async () => {
    result = await run('known')
  })

  it('recognises one by the object that was registered, and one by what its release empties', () => {
    expect(ownerAt(result, /byId$/).cache).to.equal('users')
    expect(ownerAt(result, /^seen$/).cache).to.equal('tokens seen')
  })

  it('takes nothing else for a cache', () => {
    const others = result.discovery.owners.filter(({ path }) => !/byId$|^seen$/.test(path ?? ''))
    expect(others.filter(({ cache }) => cache !== null)).to.deep.equal([])
  })

  it('warns of a release that throws', () => {
    expect(result.discovery.warnings).to.deep.include({
      code: 'WARN_KNOWN_RELEASE',
      message: 'the release of "broken" threw: no such table',
      cache: 'broken',
    })
  })
})

describe('disagreementOf()', () => {
  const graph = { heapBytes: 10 * MIB, memoryBytes: 5 * MIB, totalBytes: 15 * MIB }
  const released = (heap: number, allocated: number | null) => ({
    heapBytes: heap * MIB,
    allocatedBytes: allocated === null ? null : allocated * MIB,
    mappedBytes: null,
    totalBytes: null,
  })

  it('is null where both agree within the ± and what an object itself takes', () => {
    expect(disagreementOf(released(9.9, 5.1), graph, 64 * KIB)).to.equal(null)
    expect(disagreementOf(released(8, 5), graph, 3 * MIB)).to.equal(null)
  })

  it('says by how much and of what', () => {
    expect(disagreementOf(released(10, 9), graph, 1)).to.match(/^4\.00 MiB more came back from the allocator/)
    expect(disagreementOf(released(10, 1), graph, 1)).to.match(/^4\.00 MiB of its buffers .* did not come back/)
    expect(disagreementOf(released(4, 5), graph, 1)).to.match(/^6\.00 MiB stayed when it was emptied/)
    expect(disagreementOf(released(14, 5), graph, 1)).to.match(/^4\.00 MiB more came back than it alone keeps alive/)
    expect(disagreementOf(released(4, 9), graph, 1)).to.match(/; 6\.00 MiB stayed/)
  })

  it('says nothing of an allocator that does not tell', () => {
    expect(disagreementOf(released(10, null), graph, 1)).to.equal(null)
  })
})
