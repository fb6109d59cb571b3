import { expect } from 'chai'
import { takeCensus } from '../../../src/twin/discover/census.js'
import type { Suspect } from '../../../src/twin/discover/census.js'
import { estimateBytes } from '../../../src/twin/discover/estimate.js'
import { containerKind, entryCount } from '../../../src/twin/discover/intrinsics.js'
import { ObjectReader } from '../../../src/twin/discover/object-reader.js'

const reader = new ObjectReader()

function census(objects: object[], leastBytes = 1): readonly Suspect[] {
  return takeCensus(objects, { leastBytes, reader, isOwn: () => false, heldByVariables: [] }).suspects
}

function estimate(value: object): number {
  const kind = containerKind(value) ?? 'object'
  return estimateBytes(value, kind, entryCount(value, kind), reader)
}

describe('takeCensus()', () => {
  it('sorts what might be large by its estimate', () => {
    const small = new Map([[1, 1]])
    const large = new Set(Array.from({ length: 1000 }, (_, index) => index))
    expect(census([small, {}, [], large]).map(({ value }) => value)).to.deep.equal([large, small])
  })

  it('finds dictionaries without a prototype, which nobody lists, by those that hold them', () => {
    const bare = Object.assign(
      Object.create(null) as object,
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i])),
    )
    const inner = Object.assign(Object.create(null) as object, { bare })
    const objects = [{ inner }]
    expect(census(objects).map(({ value }) => value)).to.deep.equal([bare])
    expect(objects).to.have.length(3)
  })

  it('leaves out what is small, and what belongs to the examination', () => {
    const list = [1, 2, 3]
    expect(census([list], 1000)).to.deep.equal([])
    expect(
      takeCensus([list], { leastBytes: 1, reader, isOwn: (value) => value === list, heldByVariables: [] }).suspects,
    ).to.deep.equal([])
  })

  it('counts what throws, and goes on', () => {
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    const throwing = new Proxy({}, { ownKeys: () => expect.fail(), getPrototypeOf: () => expect.fail() })
    const list = [{ a: proxy }, throwing]
    const { suspects, unreadable } = takeCensus([{ proxy, throwing }, proxy, throwing, list], {
      leastBytes: 1,
      reader,
      isOwn: () => false,
      heldByVariables: [proxy, throwing],
    })
    expect(suspects.map(({ value }) => value)).to.deep.equal([list])
    expect(unreadable).to.equal(0)
  })

  it('keeps no more than some hundreds', () => {
    const lists = Array.from({ length: 10_000 }, (_, index) => Array.from({ length: 1 + (index % 100) }, () => 0.5))
    const suspects = census(lists)
    expect(suspects.length).to.equal(500)
    expect(suspects.every(({ entries }) => entries > 90)).to.equal(true)
  })
})

describe('an estimate', () => {
  it('sees a few large Buffers among many small Maps', () => {
    const few = new Map(Array.from({ length: 20 }, (_, index) => [index, Buffer.alloc(100_000)]))
    const many = new Map(Array.from({ length: 10_000 }, (_, index) => [index, index]))
    expect(estimate(few)).to.be.within(2_000_000, 3_000_000)
    expect(estimate(many)).to.be.within(280_000, 1_000_000)
  })

  it('sees what an array of Maps holds', () => {
    const shards = Array.from({ length: 10 }, () => new Map(Array.from({ length: 1000 }, (_, index) => [index, index])))
    expect(estimate(shards)).to.be.greaterThan(300_000)
  })

  it('looks at entries all through a collection, not at the first alone', () => {
    const list = Array.from({ length: 1000 }, (_, index) => (index < 500 ? 0 : 'x'.repeat(1000)))
    expect(estimate(list)).to.be.within(300_000, 700_000)
  })

  const NONE: readonly [what: string, value: object][] = [
    ['a record', { a: 1, b: 'x'.repeat(10_000) }],
    ['an empty Map', new Map()],
    [
      'the exports of a module',
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, () => index])),
    ],
  ]
  for (const [what, value] of NONE) {
    it(`is nothing for ${what}`, () => {
      expect(estimate(value)).to.equal(0)
    })
  }

  it('runs no getter', () => {
    const dictionary = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, index]))
    Object.defineProperty(dictionary, 'k0', { get: () => expect.fail() })
    expect(
      estimate({ ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, dictionary])) }),
    ).to.be.greaterThan(0)
  })
})
