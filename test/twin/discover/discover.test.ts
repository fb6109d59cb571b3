import { expect } from 'chai'
import { discoverHoards } from '../../../src/twin/discover/discover.js'
import type { Hoard } from '../../../src/twin/discover/types.js'
import { runFixture } from '../../helpers/child.js'
import type { Discovered } from './fixtures/discovered.js'

const ENTRIES = 30_000

function byEntries({ discovery }: Discovered, entries: number): Hoard | undefined {
  return discovery.hoards.find((hoard) => hoard.entries === entries)
}

describe('discoverHoards() in a service', () => {
  let result: Discovered

  before(async () => {
    result = await runFixture('twin/discover/fixtures/discovered', { args: ['quick', 'unknown'] })
  })

  const NAMED: readonly [what: string, entries: number, path: string, kind: string][] = [
    ['a Map of a class', ENTRIES, 'service.js › UserStore.byId', 'Map'],
    ['an array that a closure hides', ENTRIES - 1000, 'service.js › createQueue() › pending', 'Array'],
    ['a Set of a module', ENTRIES - 2000, 'service.js › seen', 'Set'],
    ['a dictionary without a prototype', ENTRIES - 3000, 'service.js › bare', 'object'],
    ['an LRU cache as one', ENTRIES - 4000, 'service.js › lru', 'cache'],
    ['a Map in a private field', ENTRIES - 5000, 'service.js › Secrets.#tokens', 'Map'],
    ['a dictionary by number', ENTRIES - 6000, 'service.js › numbered', 'object'],
    ['a Map that lies about itself', ENTRIES - 7000, 'service.js › lying', 'Map'],
    ['a list deep in a state', ENTRIES - 8000, 'service.js › state.tenants.get("first tenant").documents', 'Array'],
    ['a frozen list', ENTRIES - 9000, 'service.js › frozen', 'Array'],
    ['a Map among the exports of a CommonJS module', ENTRIES - 10_000, 'legacy.cjs › exports.rows', 'Map'],
    ['a list of a CommonJS module', ENTRIES - 11_000, 'legacy.cjs › hidden', 'Array'],
    ['a Map of sessions', 2000, 'service.js › sessions', 'Map'],
  ]
  for (const [what, entries, path, kind] of NAMED) {
    it(`finds and names ${what}`, () => {
      expect(byEntries(result, entries)).to.include({ path, kind, partOf: null })
    })
  }

  it('lists many small ones as the one that holds them', () => {
    expect(result.discovery.hoards.filter(({ path }) => path?.includes('shards'))).to.have.length(1)
    expect(result.discovery.hoards.filter(({ path }) => path?.includes('items'))).to.deep.equal([])
  })

  it('measures what the entries took when they came', () => {
    const { documentsBytes } = result
    expect(byEntries(result, ENTRIES - 8000)?.released.heapBytes).to.be.closeTo(documentsBytes, documentsBytes / 20)
  })

  it('says null of what its measure does not know', () => {
    for (const { released } of result.discovery.hoards) {
      expect(released).to.include({ allocatedBytes: null, totalBytes: null })
    }
  })

  it('sorts them by what came back', () => {
    const bytes = result.discovery.hoards.map(({ released }) => released.heapBytes)
    expect(bytes).to.deep.equal(bytes.toSorted((a, b) => Number(b) - Number(a)))
  })

  it('accounts for all that fell, and for nothing twice', () => {
    const sum = result.discovery.hoards.reduce((all, { own }) => all + (own.heapBytes ?? NaN), 0)
    expect(sum).to.be.closeTo(result.fellBytes, result.fellBytes / 100 + 200_000)
  })

  it('says of a frozen one that it cannot be emptied', () => {
    expect(byEntries(result, ENTRIES - 9000)?.error).to.deep.equal({
      code: 'ERR_HOARD_NOT_EMPTIED',
      message: '21,000 entries cannot be taken out (frozen or sealed)',
    })
    expect(byEntries(result, ENTRIES)).to.not.have.property('error')
  })

  it('runs no trap, no getter and no method of what it looks at', () => {
    expect(result.looked).to.deep.equal([])
  })

  it('empties what it lists: it is for a process that nobody needs', () => {
    expect(result.countsBefore.slice(0, 3)).to.deep.equal([ENTRIES, ENTRIES - 1000, ENTRIES - 2000])
    expect(result.countsAfter.slice(0, 4)).to.deep.equal([0, 0, 0, 0])
  })

  it('lists nothing of its own and nothing of Node', () => {
    const named = result.discovery.hoards.filter(({ path }) => path !== null)
    for (const { script } of named) expect(script).to.match(/(?:service\.js|legacy\.cjs)$/)
  })
})

describe('discoverHoards() with registered caches', () => {
  let result: Discovered

  before(async () => {
    result = await runFixture('twin/discover/fixtures/discovered', { args: ['quick', 'known'] })
  })

  it('recognises one by what its release empties', () => {
    const { leftBehind, ...seen } = result.discovery.recognised.find(({ cache }) => cache === 'tokens seen') ?? {}
    expect(seen).to.deep.equal({
      cache: 'tokens seen',
      path: 'service.js › seen',
      kind: 'Set',
      entries: ENTRIES - 2000,
    })
    // Its release left nothing: what is measured of that is what a null release may show on a busy machine.
    expect(Math.abs(leftBehind?.heapBytes ?? NaN)).to.be.lessThan(16 * 1024)
    expect(byEntries(result, ENTRIES - 2000)).to.equal(undefined)
  })

  it('recognises one by the object that holds it', () => {
    expect(result.discovery.recognised.map(({ cache, path }) => [cache, path])).to.deep.include([
      'users',
      'service.js › UserStore.byId',
    ])
    expect(byEntries(result, ENTRIES)).to.equal(undefined)
  })

  it('lists the others as before', () => {
    expect(byEntries(result, ENTRIES - 4000)).to.include({ path: 'service.js › lru', kind: 'cache' })
  })

  it('warns of a release that throws', () => {
    expect(result.discovery.warnings).to.deep.include({
      code: 'WARN_HOARD_RELEASE',
      message: 'the release of "broken" threw: no such table',
      cache: 'broken',
    })
  })
})

describe('discoverHoards() without names', () => {
  it('finds and measures all the same', async () => {
    const result = await runFixture<Discovered>('twin/discover/fixtures/discovered', { args: ['none', 'unknown'] })
    expect(byEntries(result, ENTRIES)).to.include({ path: null, kind: 'Map', className: 'Map' })
    expect(byEntries(result, ENTRIES)?.released.heapBytes).to.be.greaterThan(1_000_000)
    expect(result.looked).to.deep.equal([])
  })
})

describe('the options of discoverHoards()', () => {
  const noise = { allocatedBytes: null, heapBytes: null, mappedBytes: null }
  const measure = (): never => {
    throw new Error('nothing is measured')
  }
  const REFUSED: readonly [what: string, options: unknown, message: string][] = [
    [
      'an unknown one',
      { measure, noise, limits: 3 },
      'ERR_OPTION_UNKNOWN: discover() has no option "limits" (string): did you mean "limit"?',
    ],
    ['a limit of none', { measure, noise, limit: 0 }, 'ERR_OPTION_RANGE: "limit"'],
    ['a measure that is none', { measure: 1, noise }, 'ERR_OPTION_TYPE: "measure" must be a function'],
    ['another way to names', { measure, noise, paths: 'slow' }, 'ERR_OPTION_RANGE: "paths"'],
    ['caches that are no list', { measure, noise, known: {} }, 'ERR_OPTION_TYPE: "known" must be an array'],
  ]
  for (const [what, options, message] of REFUSED) {
    it(`refuse ${what}`, () => {
      expect(() => discoverHoards(options as never)).to.throw(message)
    })
  }
})
