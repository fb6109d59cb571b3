import { expect } from 'chai'
import type { Suspect } from '../../../src/twin/discover/census.js'
import { findHoards as find } from '../../../src/twin/discover/hoards.js'
import type { FoundHoard } from '../../../src/twin/discover/hoards.js'
import type { Holder, Links } from '../../../src/twin/discover/holders.js'
import { entryCount } from '../../../src/twin/discover/intrinsics.js'
import type { ContainerKind } from '../../../src/twin/discover/intrinsics.js'
import { ObjectReader } from '../../../src/twin/discover/object-reader.js'
import type { Knowledge, Root } from '../../../src/twin/discover/route.js'

function findHoards(suspects: readonly Suspect[], links: Links, knowledge: Knowledge): FoundHoard[] {
  return find(suspects, links, knowledge, new ObjectReader())
}

function suspect(value: object, kind: ContainerKind, estimatedBytes: number): Suspect {
  return { value, kind, entries: entryCount(value, kind), estimatedBytes }
}

function linked(...pairs: [child: object, owner: object, via: Holder['via'], key: unknown][]): Links {
  const links: Links = new Map()
  for (const [child, owner, via, key] of pairs) links.set(child, [...(links.get(child) ?? []), { owner, via, key }])
  return links
}

/** Variables of a module, by what they hold; classes by their name. */
function variables(...named: [object, string][]): Knowledge {
  const roots = new Map(named)
  const rootOf = (words: string, isLasting: boolean): Root => ({
    script: '/srv/a.js',
    words,
    penalty: isLasting ? 0 : 4,
    isLasting,
  })
  return {
    rootsOf: (value) => (roots.has(value) ? [rootOf(roots.get(value) ?? '', true)] : []),
    classRootOf: (value) => {
      const { name } = value.constructor
      return ['Object', 'Array', 'Map'].includes(name) ? null : rootOf(name, false)
    },
  }
}

class Lru {
  readonly keys: unknown[] = [1, 2]
  readonly values: unknown[] = [1, 2]
  readonly map = new Map([[1, 1]])
  get(): void {}
  set(): void {}
  clear(): void {}
}
class Session {
  readonly items: unknown[] = [1]
}

describe('findHoards()', () => {
  it('takes the collections of a cache together', () => {
    const lru = new Lru()
    const [first, ...others] = findHoards(
      [suspect(lru.keys, 'Array', 100), suspect(lru.values, 'Array', 500), suspect(lru.map, 'Map', 200)],
      linked(
        [lru.keys, lru, 'property', 'keys'],
        [lru.values, lru, 'property', 'values'],
        [lru.map, lru, 'property', '#map'],
      ),
      variables([lru, 'thumbnails']),
    )
    expect(others).to.deep.equal([])
    expect(first).to.deep.include({ kind: 'cache', className: 'Lru', entries: 1, estimatedBytes: 800 })
    expect(first?.route?.text).to.equal('a.js › thumbnails')
    expect(first?.parts.map(({ value }) => value)).to.deep.equal([lru.keys, lru.values, lru.map])
  })

  it('calls a cache by its class where no variable is known', () => {
    const lru = new Lru()
    const held = linked([lru.keys, lru, 'property', 'keys'], [lru.values, lru, 'property', 'values'])
    const [first] = findHoards([suspect(lru.keys, 'Array', 1), suspect(lru.values, 'Array', 1)], held, variables())
    expect(first?.route?.text).to.equal('a.js › Lru')
  })

  it('takes no object for a cache that has one collection, or no methods of one', () => {
    const lru = new Lru()
    const plain = { a: [1], b: [2] }
    const hoards = findHoards(
      [suspect(lru.map, 'Map', 3), suspect(plain.a, 'Array', 2), suspect(plain.b, 'Array', 1)],
      linked([lru.map, lru, 'property', 'map'], [plain.a, plain, 'property', 'a'], [plain.b, plain, 'property', 'b']),
      variables([plain, 'plain']),
    )
    expect(hoards.map(({ route }) => route?.text)).to.deep.equal(['a.js › Lru.map', 'a.js › plain.a', 'a.js › plain.b'])
  })

  it('absorbs what is a small share of what it lies in', () => {
    const shards = [new Map(), new Map()]
    const hoards = findHoards(
      [suspect(shards, 'Array', 1000), ...shards.map((shard) => suspect(shard, 'Map', 100))],
      linked(...shards.map((shard, index): [object, object, 'element', number] => [shard, shards, 'element', index])),
      variables([shards, 'shards']),
    )
    expect(hoards.map(({ route }) => route?.text)).to.deep.equal(['a.js › shards'])
  })

  it('lists a large share beside what it lies in, as a part', () => {
    const inner = new Map()
    const record = { inner }
    const outer = new Map<unknown, object>(Array.from({ length: 20 }, (_, index) => [index, {}]))
    outer.set('x', record)
    const hoards = findHoards(
      [suspect(outer, 'Map', 1000), suspect(inner, 'Map', 600)],
      linked([inner, record, 'property', 'inner'], [record, outer, 'entry', 'x']),
      variables([outer, 'outer']),
    )
    expect(hoards.map(({ route, partOf }) => [route?.text, partOf?.route?.text])).to.deep.equal([
      ['a.js › outer', undefined],
      ['a.js › outer.get("x").inner', 'a.js › outer'],
    ])
  })

  it('lists what a few tenants hoard, not the list of the tenants', () => {
    const tenants = new Map([['a', new Map([[1, 1]])]])
    const inner = tenants.get('a') ?? {}
    const hoards = findHoards(
      [suspect(tenants, 'Map', 1000), suspect(inner, 'Map', 900)],
      linked([inner, tenants, 'entry', 'a']),
      variables([tenants, 'tenants']),
    )
    expect(hoards.map(({ route, partOf }) => [route?.text, partOf])).to.deep.equal([['a.js › tenants.get("a")', null]])
  })

  it('takes nothing for a part that a variable holds as well', () => {
    const inner = new Map()
    const registry = [inner]
    const hoards = findHoards(
      [suspect(registry, 'Array', 1000), suspect(inner, 'Map', 100)],
      linked([inner, registry, 'element', 0]),
      variables([registry, 'registry'], [inner, 'users']),
    )
    expect(hoards.map(({ route, partOf }) => [route?.text, partOf])).to.deep.equal([
      ['a.js › registry', null],
      ['a.js › users', null],
    ])
  })

  it('makes one of two that hold each other the part', () => {
    const a = new Map()
    const b = new Map([[1, a]])
    a.set(1, b)
    const hoards = findHoards(
      [suspect(a, 'Map', 100), suspect(b, 'Map', 90)],
      linked([a, b, 'entry', 1], [b, a, 'entry', 1]),
      variables(),
    )
    expect(hoards.filter(({ partOf }) => partOf === null)).to.have.length(1)
  })

  it('takes namesakes together: one in each instance of a class', () => {
    const sessions = [new Session(), new Session(), new Session()]
    const hoards = findHoards(
      sessions.map(({ items }) => suspect(items, 'Array', 50)),
      linked(...sessions.map((one): [object, object, 'property', string] => [one.items, one, 'property', 'items'])),
      variables(),
    )
    expect(hoards).to.have.length(1)
    expect(hoards[0]).to.include({ instances: 3, entries: 3, estimatedBytes: 150 })
    expect(hoards[0]?.parts).to.have.length(3)
  })

  it('keeps nameless ones apart', () => {
    const hoards = findHoards([suspect([1], 'Array', 2), suspect([2], 'Array', 1)], new Map(), variables())
    expect(hoards.map(({ route, instances }) => [route, instances])).to.deep.equal([
      [null, 1],
      [null, 1],
    ])
  })

  it('says of what class a collection is', () => {
    class Users extends Map {}
    const hoards = findHoards(
      [suspect(new Users(), 'Map', 3), suspect({}, 'object', 2), suspect(new Set(), 'Set', 1)],
      new Map(),
      variables(),
    )
    expect(hoards.map(({ className }) => className)).to.deep.equal(['Users', 'Object', 'Set'])
  })
})
