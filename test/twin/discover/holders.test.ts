import { expect } from 'chai'
import { findHolders } from '../../../src/twin/discover/holders.js'
import type { Holder, HolderSearch } from '../../../src/twin/discover/holders.js'
import { ObjectReader } from '../../../src/twin/discover/object-reader.js'

const reader = new ObjectReader()
const NO_FIELDS = { privateFields: (): [string, object][] => [] }

function search(objects: object[], rest: Partial<HolderSearch> = {}): HolderSearch {
  return { objects, reader, inspector: NO_FIELDS, isRoot: () => false, isPastDeadline: () => false, ...rest }
}

/** The holders of `target` among `objects`, without their owners. */
function waysTo(target: object, objects: object[]): Omit<Holder, 'owner'>[] {
  const { links } = findHolders([target], search(objects))
  return (links.get(target) ?? []).map(({ via, key }) => ({ via, key }))
}

describe('findHolders()', () => {
  const target = { is: 'the target' }
  const symbol = Symbol('cache')

  const WAYS: readonly [what: string, owner: object, way: Omit<Holder, 'owner'>][] = [
    ['a property', { cache: target }, { via: 'property', key: 'cache' }],
    ['a property by symbol', { [symbol]: target }, { via: 'property', key: symbol }],
    ['a property of a function', Object.assign(() => undefined, { cache: target }), { via: 'property', key: 'cache' }],
    ['an array', [0, target], { via: 'element', key: 1 }],
    ['a Map', new Map([['a', target]]), { via: 'entry', key: 'a' }],
    ['a Map, as a key', new Map([[target, 'a']]), { via: 'member', key: undefined }],
    ['a Set', new Set([target]), { via: 'member', key: undefined }],
  ]
  for (const [what, owner, way] of WAYS) {
    it(`sees ${what}`, () => {
      expect(waysTo(target, [{}, owner, []])).to.deep.equal([way])
    })
  }

  it('goes up level by level', () => {
    const owner = { target }
    const outer = new Map([['owner', owner]])
    const { links } = findHolders([target], search([owner, outer, target]))
    expect(links.get(target)?.[0]?.owner).to.equal(owner)
    expect(links.get(owner)?.[0]?.owner).to.equal(outer)
  })

  it('goes no further up than to what has a name', () => {
    const owner = { target }
    const outer = { owner }
    const { links } = findHolders([target], search([owner, outer], { isRoot: (value) => value === owner }))
    expect(links.get(target)?.[0]?.owner).to.equal(owner)
    expect(links.has(owner)).to.equal(false)
  })

  it('looks for the holders of what it was asked for even where that has a name', () => {
    const owner = { target }
    expect(findHolders([target], search([owner], { isRoot: () => true })).links.get(target)?.[0]?.owner).to.equal(owner)
  })

  it('asks for private fields where nothing else holds a hoard', () => {
    class Store {
      #cache = target
      peek(): object {
        return this.#cache
      }
    }
    class Plain {
      readonly x = 1
    }
    const store = new Store()
    const asked: object[] = []
    const inspector = {
      privateFields: (value: object): [string, object][] => {
        asked.push(value)
        return [['#cache', store.peek()]]
      },
    }
    const { links } = findHolders([target], search([new Plain(), store, {}], { inspector }))
    expect(links.get(target)).to.deep.equal([{ owner: store, via: 'property', key: '#cache' }])
    expect(asked).to.deep.equal([store])
  })

  it('asks some instances of a class and not all of them', () => {
    class Store {
      readonly #x = 1
      get x(): number {
        return this.#x
      }
    }
    let asked = 0
    const inspector = {
      privateFields: (): [string, object][] => {
        asked++
        return []
      },
    }
    findHolders(
      [target],
      search(
        Array.from({ length: 5000 }, () => new Store()),
        { inspector },
      ),
    )
    expect(asked).to.equal(200)
  })

  it('runs no getter and no trap', () => {
    const owners = [
      Object.defineProperty({}, 'cache', { get: () => expect.fail(), enumerable: true }),
      new Proxy({ target }, { get: () => expect.fail(), ownKeys: () => expect.fail() }),
    ]
    expect(waysTo(target, owners)).to.deep.equal([])
  })

  it('says when its deadline ended the search', () => {
    expect(findHolders([target], search([{ target }], { isPastDeadline: () => true })).complete).to.equal(false)
    expect(findHolders([target], search([{ target }])).complete).to.equal(true)
  })

  it('keeps some holders of a thousand', () => {
    expect(
      waysTo(
        target,
        Array.from({ length: 1000 }, () => ({ target })),
      ),
    ).to.have.length(6)
  })
})
