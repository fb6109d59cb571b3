/** The refusal of what is not known names the nearest way, and nothing is called to find it. */
import { expect } from 'chai'
import { LRUCache } from 'lru-cache'
import { fromCache, fromOcache, fromPMemoize } from '../../src/adapters/index.js'
import { thrownBy } from '../coordinator/world.js'

/** Answers to every question by a getter, and counts them. */
function withGetters(...names: readonly string[]): { readonly value: object; readonly asked: string[] } {
  const asked: string[] = []
  const members = names.map((name) => [name, { get: () => asked.push(name) }] as const)
  return { value: Object.defineProperties({}, Object.fromEntries(members)), asked }
}

describe('the refusal of fromCache()', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['a promise', Promise.resolve(new Map()), /it is a promise: await it/],
    ['a class', LRUCache, /it is a class: pass an instance/],
    ['a WeakMap', new WeakMap(), /needs no release/],
    ['an object around a cache', { pages: new LRUCache({ max: 5 }) }, /its member "pages" is known \(lru-cache\)/],
    ['a reset()', { reset: () => 1 }, /it has reset\(\): .* register \{ release: \(\) => it\.reset\(\) \}/],
    ['a memoized function', () => 1, /fromPMemoize\(memoized, clear\)/],
    [
      'a storage of ocache',
      { get: () => 1, set: () => 1, binary: true, maxEntryBytes: 1 },
      /fromOcache\(new Map\(\)\)/,
    ],
    [
      'a handler of Next.js',
      { get: () => 1, set: () => 1, refreshTags: () => 1, getExpiration: () => 1, updateTags: () => 1 },
      /cache-attribution\/auto/,
    ],
    [
      'an incremental cache of Next.js without memory',
      { get: () => 1, set: () => 1, revalidateTag: () => 1, resetRequestCache: () => 1, cacheHandler: {} },
      /no memory cache is to be seen/,
    ],
    [
      'a part of a storage',
      (() => {
        const list = (): string[] => []
        return { ...storage(), keys: list, getKeys: list }
      })(),
      /register the driver below it/,
    ],
    ['a storage elsewhere', storage('redis'), /none of its mounts is known to be memory/],
    [
      'a driver elsewhere',
      { name: 'redis', hasItem: () => 1, getItem: () => 1, getKeys: () => 1, getInstance: connects },
      /not known to hold its entries in memory/,
    ],
  ]
  for (const [name, value, words] of cases) {
    it(`names the way: ${name}`, () => {
      expect((thrownBy(() => fromCache(value)) as Error).message).to.match(words)
    })
  }

  it('is made without a call of a getter', () => {
    const names = [
      'client',
      'redis',
      'db',
      'stores',
      'cache',
      'clear',
      'opts',
      'size',
      'primary',
      'query',
      'internals',
      'reset',
    ]
    const { value, asked } = withGetters(...names)
    expect(thrownBy(() => fromCache(value))).to.have.property('code', 'ERR_ADAPTER_UNKNOWN')
    expect(asked).to.deep.equal([])
  })

  it('takes a getter that is named as a connection for one', () => {
    const { value, asked } = withGetters('client')
    const cache = Object.assign(value, { clear: () => 1 })
    expect(thrownBy(() => fromCache(cache))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    expect(asked).to.deep.equal([])
  })
})

describe('what is taken', () => {
  it('calls no getter before it is counted', () => {
    let counted = 0
    const adapted = fromCache(
      Object.defineProperty({ clear: () => 1 }, 'size', { get: () => ++counted, configurable: true, enumerable: true }),
    )
    expect(counted).to.equal(0)
    expect([adapted.entries?.(), counted]).to.deep.equal([1, 1])
  })

  it('is a storage for ocache, over a cache that is released', () => {
    const cache = new LRUCache<string, object>({ max: 5 })
    const pages = fromOcache(cache)
    pages.storage.set('a', { value: 1 }, { ttl: 60 })
    expect([pages.storage.get('a'), pages.storage.get('b'), pages.entries?.()]).to.deep.equal([{ value: 1 }, null, 1])
    expect(cache.getRemainingTTL('a')).to.be.within(50_000, 60_000)
    pages.storage.set('a', null)
    expect(cache.size).to.equal(0)
    for (const given of [null, {}, 5, { get: () => 1, set: () => 1, delete: () => 1 }]) {
      expect(thrownBy(() => fromOcache(given as never))).to.have.property('code', 'ERR_ADAPTER_UNKNOWN')
    }
  })

  it('is a synchronous function with its clear function', () => {
    let cleared = 0
    fromPMemoize(
      () => 1,
      () => cleared++,
    ).release({ mode: 'release', signal: new AbortController().signal })
    expect(cleared).to.equal(1)
  })
})

function connects(): never {
  throw new Error('a connection was opened')
}

function storage(name = 'memory'): object {
  const driver = { name, getInstance: name === 'memory' ? () => new Map() : connects }
  const methods = ['mount', 'getItem', 'setItem', 'removeItem', 'getKeys', 'keys', 'clear']
  return {
    ...Object.fromEntries(methods.map((method) => [method, () => method])),
    getMounts: () => [{ base: '', driver }],
  }
}
