/** `fromCache()` on anything, and its refusals: most of it hostile. */
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { expect } from 'chai'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'
import LRUCache7 from 'lru-cache-7'
import QuickLRU from 'quick-lru'
import QuickLRU6 from 'quick-lru-6'
import { lru as tinyLru11 } from 'tiny-lru-11'
import { cacheStores } from 'undici'
import * as adapters from '../../src/adapters/index.js'
import { CacheAttributionError } from '../../src/index.js'
import { World, rowOf, thrownBy } from '../coordinator/world.js'

const { fromCache } = adapters
const require = createRequire(import.meta.url)
const CONTEXT = { mode: 'release', signal: new AbortController().signal } as const

/** A store as Keyv takes it, somewhere else. */
class RemoteStore {
  cleared = 0
  readonly opts = { url: 'redis://elsewhere', dialect: 'redis' }
  get(): undefined {}
  set(): void {}
  delete(): boolean {
    return true
  }
  clear(): void {
    this.cleared++
  }
}

describe('fromCache()', () => {
  it('gives the same releasable for the same cache, so that registering it twice is noticed', () => {
    const cache = new LRUCache<string, string>({ max: 5 })
    expect(fromCache(cache)).to.equal(fromCache(cache))
    expect(fromCache(cache)).to.equal(adapters.fromLruCache(cache))
    const coordinator = new World().coordinator()
    const warned: string[] = []
    coordinator.on('warning', ({ code }) => warned.push(code))
    coordinator.register('a', fromCache(cache))
    coordinator.register('b', fromCache(cache))
    expect(warned).to.deep.equal(['WARN_ALIASED'])
  })

  it('calls nothing of a cache before it is released', () => {
    const cache = new Map([['a', 1]])
    fromCache(cache)
    expect(cache.size).to.equal(1)
  })

  it('knows a quick-lru from the Map that it is', () => {
    const cache = new QuickLRU<string, number>({ maxSize: 10 })
    cache.set('a', 1)
    expect(fromCache(cache)).to.equal(adapters.fromQuickLru(cache))
    fromCache(cache).release(CONTEXT)
    expect(cache.size).to.equal(0)
  })

  it('knows older majors, quick-lru 6 from the Map that it is as well', () => {
    const quick = new QuickLRU6<string, number>({ maxSize: 10 })
    quick.set('a', 1)
    expect(fromCache(quick)).to.equal(adapters.fromQuickLru(quick))
    fromCache(quick).release(CONTEXT)
    expect([...quick.keys()]).to.deep.equal([])
    const lru = new LRUCache7<string, number>({ max: 5 })
    expect(fromCache(lru)).to.equal(adapters.fromLruCache(lru))
    const tiny = tinyLru11(5)
    expect(fromCache(tiny)).to.equal(adapters.fromTinyLru(tiny))
  })

  it('knows a Map and a Set of another realm', () => {
    const cache = vm.runInNewContext('new Map([["a", 1]])') as Map<string, number>
    fromCache(cache).release(CONTEXT)
    expect(cache.size).to.equal(0)
    expect(fromCache(vm.runInNewContext('new Set()') as object).entries?.()).to.equal(0)
  })

  it('takes whatever has a clear(), last, and counts by its size', () => {
    let cleared = 0
    const plain = fromCache({ clear: () => cleared++ })
    plain.release(CONTEXT)
    expect([cleared, 'entries' in plain]).to.deep.equal([1, false])
    class Own {
      readonly size = 7
      clear(): void {}
    }
    expect(fromCache(new Own()).entries?.()).to.equal(7)
  })

  it('takes what can be closed, as long as it is nowhere opened', () => {
    let cleared = 0
    fromCache({ clear: () => cleared++, close: () => 1 }).release(CONTEXT)
    expect(cleared).to.equal(1)
  })

  it('passes the promise of a plain clear() on, so that its end is awaited', () => {
    const done = Promise.resolve()
    expect(fromCache({ clear: () => done }).release(CONTEXT)).to.equal(done)
  })
})

describe('fromCache() refuses', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['null', null, /^ERR_ADAPTER_UNKNOWN: null is not recognised/],
    ['undefined, such as a package that is not there', undefined, /^ERR_ADAPTER_UNKNOWN: undefined/],
    ['a string', 'users', /^ERR_ADAPTER_UNKNOWN: "users" \(string\)/],
    ['an object without a clear()', { get: () => 1 }, /^ERR_ADAPTER_UNKNOWN: an object .*register \{ release/],
    ['an empty object', {}, /^ERR_ADAPTER_UNKNOWN/],
    ['a WeakMap, which needs no release', new WeakMap(), /^ERR_ADAPTER_UNKNOWN/],
    ['an array', ['a'], /^ERR_ADAPTER_UNKNOWN/],
    ['a function', () => 1, /^ERR_ADAPTER_UNKNOWN: a function .*fromPMemoize/],
    ['a clear that is no function', { clear: true }, /^ERR_ADAPTER_UNKNOWN/],
    ['a Keyv over a remote store', new Keyv(new RemoteStore() as never), /^ERR_ADAPTER_REFUSED: this Keyv/],
    [
      'a Cacheable whose first level is remote',
      new Cacheable({ primary: new Keyv(new RemoteStore() as never) }),
      /^ERR_ADAPTER_REFUSED: this Cacheable/,
    ],
    [
      'a cache-manager over remote stores alone',
      createCache({ stores: [new Keyv(new RemoteStore() as never)] }),
      /^ERR_ADAPTER_REFUSED: this cache-manager/,
    ],
    ['a remote store itself', new RemoteStore(), /^ERR_ADAPTER_UNKNOWN|^ERR_ADAPTER_REFUSED/],
    // The real lmdb and Level: tools/setups/databases.mjs.
    [
      'what has the calls of a Level',
      { clear: () => 1, put: () => 1, del: () => 1, batch: () => 1, get: () => 1 },
      /^ERR_ADAPTER_REFUSED: Level: clear\(\) deletes the data/,
    ],
    [
      'what has the calls of an lmdb',
      { clearAsync: () => 1, dropSync: () => 1, getRange: () => 1, get: () => 1, put: () => 1 },
      /^ERR_ADAPTER_REFUSED: lmdb: clearAsync\(\) deletes the data/,
    ],
    ['something with a connection', { clear: () => 1, quit: () => 1 }, /^ERR_ADAPTER_REFUSED: .*connection/],
    ['something with a database', { clear: () => 1, db: {} }, /^ERR_ADAPTER_REFUSED: .*connection/],
    [
      'something that is opened and closed',
      { clear: () => 1, open: () => 1, close: () => 1 },
      /^ERR_ADAPTER_REFUSED: .*a file/,
    ],
    [
      'a store of the browser',
      { clear: () => 1, getItem: () => 1, setItem: () => 1, removeItem: () => 1 },
      /stored data/,
    ],
    ['require.cache', require.cache, /^ERR_ADAPTER_REFUSED: require\.cache/],
    [
      'an object of modules',
      { '/a.js': { filename: '/a.js', loaded: true, exports: {}, children: [] } },
      /^ERR_ADAPTER_REFUSED: require\.cache/,
    ],
    [
      "undici's store, which cannot be emptied",
      new cacheStores.MemoryCacheStore(),
      /^ERR_ADAPTER_REFUSED: .*fromUndici/,
    ],
    ['a Proxy that throws', throwingProxy(), /^ERR_ADAPTER_UNKNOWN/],
    ['a revoked Proxy', revokedProxy(), /^ERR_ADAPTER_UNKNOWN/],
    [
      'a Proxy that has everything, as a remote call has',
      everythingProxy(),
      /^ERR_ADAPTER_REFUSED|^ERR_ADAPTER_UNKNOWN/,
    ],
    ['getters that throw', gettersThatThrow(), /^ERR_ADAPTER_UNKNOWN/],
  ]
  for (const [what, given, words] of cases) {
    it(what, () => {
      const error = thrownBy(() => fromCache(given as object))
      expect(error).to.be.instanceOf(CacheAttributionError)
      expect((error as CacheAttributionError).message).to.match(words)
    })
  }
})

describe('a named adapter', () => {
  it('refuses what is none of its library, and says what it takes', () => {
    expect(thrownBy(() => adapters.fromLruCache(new Map() as never))).to.have.property(
      'message',
      'ERR_ADAPTER_UNKNOWN: fromLruCache() takes lru-cache (`size`, `pop`, `rkeys`, `purgeStale`), got an object',
    )
    for (const adapter of Object.values(adapters)) {
      for (const given of [null, undefined, 5, {}, () => 1]) {
        const error = thrownBy(() => (adapter as (value: unknown) => unknown)(given))
        expect((error as CacheAttributionError).code).to.equal('ERR_ADAPTER_UNKNOWN')
      }
    }
  })
})

describe('an adapted cache', () => {
  it('that throws costs its own row only', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    class Broken extends Map<string, number> {
      override clear(): void {
        throw new Error('the disk is full')
      }
    }
    coordinator.register('broken', fromCache(new Broken([['a', 1]])))
    coordinator.register('fine', fromCache(new Map([['a', 1]])))
    const report = await coordinator.attribute()
    expect(rowOf(report, 'broken')).to.deep.include({
      status: 'failed',
      error: { code: 'ERR_RELEASE_FAILED', message: 'the disk is full' },
    })
    expect(rowOf(report, 'fine').status).to.equal('released')
  })

  it('whose store is exchanged for a remote one later is not emptied, and says why', async () => {
    const keyv = new Keyv()
    const coordinator = new World().coordinator()
    coordinator.register('sessions', adapters.fromKeyv(keyv))
    const remote = new RemoteStore()
    keyv.store = remote
    const row = rowOf(await coordinator.attribute(), 'sessions')
    expect([row.status, remote.cleared]).to.deep.equal(['failed', 0])
    expect(row.error?.message).to.match(/ERR_ADAPTER_REFUSED/)
  })

  it('of two levels is emptied in this process alone', () => {
    const remote = new RemoteStore()
    const cacheable = new Cacheable({ secondary: new Keyv(remote as never) })
    const manager = createCache({ stores: [new Keyv(), new Keyv(remote as never)] })
    for (const cache of [cacheable, manager]) fromCache(cache).release(CONTEXT)
    expect(remote.cleared).to.equal(0)
  })

  it('brings its traits along, and options of register() have the last word', () => {
    const traits = { lossless: true, refillCost: 'low', gc: 'none', twin: false }
    const database = { pragma: () => 0, prepare: () => 0, exec: () => 0, inTransaction: false }
    expect(adapters.fromBetterSqlite3(database).traits).to.deep.equal(traits)
  })

  it('claims nothing where it knows nothing: null, not 0', () => {
    const cache = new LRUCache<string, string>({ max: 5 })
    const adapted = adapters.fromLruCache(cache)
    expect(adapted.claimedBytes?.()).to.equal(0)
    cache.set('a', 'b')
    expect(adapted.claimedBytes?.()).to.equal(null)
    const older = new LRUCache7<string, string>({ max: 5 })
    older.set('a', 'b')
    expect(adapters.fromLruCache(older).claimedBytes?.()).to.equal(null)
    const sized = new LRUCache7<string, string>({ maxSize: 50, sizeCalculation: () => 7 })
    sized.set('a', 'b')
    expect(adapters.fromLruCache(sized).claimedBytes?.()).to.equal(7)
  })
})

describe('fromUndici()', () => {
  it('takes nothing but a function that makes a store in memory', () => {
    for (const given of [null, {}, () => null, () => ({}), () => new Map()]) {
      const error = thrownBy(() => adapters.fromUndici(given as never)) as CacheAttributionError
      expect(error.code).to.equal('ERR_ADAPTER_UNKNOWN')
    }
    const inFile = { get: () => 1, createWriteStream: () => 1, delete: () => 1, close: () => 1 }
    expect(thrownBy(() => adapters.fromUndici(() => inFile))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
  })
})

describe('fromPMemoize()', () => {
  it('asks for the clear function', () => {
    const memoized = (): Promise<number> => Promise.resolve(1)
    expect(thrownBy(() => adapters.fromPMemoize(memoized, undefined as never))).to.have.property(
      'code',
      'ERR_ADAPTER_UNKNOWN',
    )
  })
})

function throwingProxy(): object {
  const no = (): never => {
    throw new Error('no')
  }
  return new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no, getOwnPropertyDescriptor: no })
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function everythingProxy(): object {
  return new Proxy({}, { get: () => () => 1 })
}

function gettersThatThrow(): object {
  return Object.defineProperties(
    {},
    Object.fromEntries(
      ['clear', 'size', 'opts', 'stores', 'pragma', 'cache', 'createWriteStream'].map((name) => [
        name,
        {
          get: () => {
            throw new Error('closed')
          },
        },
      ]),
    ),
  )
}
