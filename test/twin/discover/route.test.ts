import { expect } from 'chai'
import type { Holder, Links } from '../../../src/twin/discover/holders.js'
import { PENALTY, packageOf, routeTo, shortName, stepOf } from '../../../src/twin/discover/route.js'
import type { Knowledge, Root } from '../../../src/twin/discover/route.js'

const SERVER = 'file:///srv/app/server.js'

function root(words: string, penalty: number, script: string | null = SERVER): Root {
  return { script, words, penalty, isLasting: penalty < PENALTY.ownClass }
}

function property(owner: object, key: PropertyKey): Holder {
  return { owner, via: 'property', key }
}

function knowing(roots: [object, Root][], classes: [object, Root][] = []): Knowledge {
  const byObject = new Map(roots)
  const byInstance = new Map(classes)
  return {
    rootsOf: (value) => [byObject.get(value)].filter((known) => known !== undefined),
    classRootOf: (value) => byInstance.get(value) ?? null,
  }
}

function links(...pairs: [object, ...Holder[]][]): Links {
  return new Map(pairs.map(([child, ...holders]) => [child, holders]))
}

describe('routeTo()', () => {
  const hoard = { is: 'the hoard' }
  const owner = { is: 'its owner' }
  const outer = { is: 'the owner of that' }

  it('begins with the variable of a module', () => {
    const route = routeTo(hoard, links(), knowing([[hoard, root('sessions', PENALTY.moduleVariable)]]))
    expect(route).to.deep.equal({ text: 'server.js › sessions', script: SERVER })
  })

  it('goes from class to property', () => {
    const known = knowing([[outer, root('store', 0)]], [[owner, root('UserStore', PENALTY.ownClass)]])
    const held = links([hoard, property(owner, 'byId')], [owner, property(outer, 'users')])
    expect(routeTo(hoard, held, known)?.text).to.equal('server.js › UserStore.byId')
  })

  it('goes further up where the class is of a package', () => {
    const lib = root('Cache', PENALTY.packageClass, '/srv/node_modules/cache/index.js')
    const known = knowing([[owner, root('pages', PENALTY.moduleVariable)]], [[owner, lib]])
    expect(routeTo(hoard, links([hoard, property(owner, 'data')]), known)?.text).to.equal('server.js › pages.data')
  })

  it('is content with the class of a package where nothing better is known', () => {
    const lib = root('Cache', PENALTY.packageClass, '/srv/node_modules/@scope/cache/dist/index.js')
    const route = routeTo(hoard, links([hoard, property(owner, 'data')]), knowing([], [[owner, lib]]))
    expect(route?.text).to.equal('@scope/cache/index.js › Cache.data')
  })

  it('prefers the variable of a module to that of a closure', () => {
    const known = knowing([
      [hoard, root('makeStore() › rows', PENALTY.closureVariable)],
      [owner, root('exports', PENALTY.exports)],
    ])
    expect(routeTo(hoard, links([hoard, property(owner, 'rows')]), known)?.text).to.equal(
      'server.js › makeStore() › rows',
    )
  })

  it('says each step of the way', () => {
    const held = links(
      [hoard, { owner, via: 'entry', key: 'tenant 1' }],
      [owner, { owner: outer, via: 'element', key: 3 }],
    )
    const known = knowing([[outer, root('registries', 0)]])
    expect(routeTo(hoard, held, known)?.text).to.equal('server.js › registries[3].get("tenant 1")')
  })

  it('knows the global object without a script', () => {
    const known = knowing([[globalThis, root('globalThis', PENALTY.global, null)]])
    const route = routeTo(hoard, links([hoard, property(globalThis, 'leak')]), known)
    expect(route).to.deep.equal({ text: 'globalThis.leak', script: null })
  })

  it('is null where nobody is known', () => {
    expect(routeTo(hoard, links([hoard, property(owner, 'x')]), knowing([]))).to.equal(null)
  })

  it('ends in rings and in long chains', () => {
    const ring = links([hoard, property(owner, 'x')], [owner, property(hoard, 'y')])
    expect(routeTo(hoard, ring, knowing([]))).to.equal(null)
    const chain = Array.from({ length: 5000 }, (_, index) => ({ index }))
    const long = links(
      ...chain.slice(1).map((next, index): [object, Holder] => [chain[index] ?? next, property(next, 'next')]),
    )
    expect(routeTo(chain[0] ?? {}, long, knowing([[chain[4999] ?? {}, root('far', 0)]]))).to.equal(null)
  })
})

describe('a step of a path', () => {
  const STEPS: readonly [words: string, holder: Pick<Holder, 'via' | 'key'>][] = [
    ['.byId', { via: 'property', key: 'byId' }],
    ['.#tokens', { via: 'property', key: '#tokens' }],
    ['["two words"]', { via: 'property', key: 'two words' }],
    ['["0"]', { via: 'property', key: '0' }],
    ['[kCache]', { via: 'property', key: Symbol('kCache') }],
    ['[symbol]', { via: 'property', key: Symbol() }],
    ['[12]', { via: 'element', key: 12 }],
    ['.get("a")', { via: 'entry', key: 'a' }],
    ['.get(7)', { via: 'entry', key: 7 }],
    ['.get(…)', { via: 'entry', key: {} }],
    ['.values()', { via: 'member', key: undefined }],
  ]
  for (const [words, holder] of STEPS) {
    it(`is ${words}`, () => {
      expect(stepOf({ owner: {}, ...holder })).to.equal(words)
    })
  }

  it('shows a hostile key in one short line', () => {
    const step = stepOf({ owner: {}, via: 'property', key: `\u001b[2J\n${'x'.repeat(1000)}` })
    // eslint-disable-next-line no-control-regex -- it looks for them
    expect(step).to.not.match(/[\u0000-\u001f]/)
    expect(step.length).to.be.lessThan(60)
  })
})

describe('the name of a script', () => {
  const NAMES: readonly [script: string, short: string][] = [
    ['file:///srv/app/server.js', 'server.js'],
    ['/srv/app/lib/users.cjs', 'users.cjs'],
    ['/srv/node_modules/lru-cache/dist/index.min.js', 'lru-cache/index.min.js'],
    ['/srv/node_modules/a/node_modules/@b/c/d.js', '@b/c/d.js'],
    ['node:internal/timers', 'node:internal/timers'],
    ['C:\\srv\\node_modules\\x\\y.js', 'x/y.js'],
    ['evalmachine.<anonymous>', 'evalmachine.<anonymous>'],
  ]
  for (const [script, short] of NAMES) {
    it(`is ${short}`, () => {
      expect(shortName(script)).to.equal(short)
    })
  }

  it('tells a package from the service itself', () => {
    expect(packageOf('/srv/app/server.js')).to.equal(null)
    expect(packageOf('file:///srv/node_modules/@b/c/d.js')).to.equal('@b/c')
  })
})
