/** Caches that show a connection, a file or a database behind them: they are never emptied. */
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { expect } from 'chai'
import DataLoader from 'dataloader'
import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'
import * as adapters from '../../src/adapters/index.js'
import type { MemoizeCacheLike } from '../helpers/internals/adapters.js'
import { CacheAttributionError } from '../../src/index.js'
import { thrownBy } from '../coordinator/world.js'

const { fromCache } = adapters
const CONTEXT = { mode: 'release', signal: new AbortController().signal } as const

/** Enmap up to 5: a Map in front of a table of SQLite. */
class Enmap extends Map<string, unknown> {
  readonly db = { deleted: 0 }
  override clear(): void {
    this.db.deleted++
  }
}

/** A Set that others share. */
class SharedSet extends Set<string> {
  readonly client = { deleted: 0 }
  override clear(): void {
    this.client.deleted++
  }
}

/** A cache as lodash and DataLoader take one, somewhere else. */
class RemoteCache {
  cleared = 0
  readonly client = {}
  get(): undefined {}
  has(): boolean {
    return false
  }
  set(): void {}
  delete(): void {}
  clear(): void {
    this.cleared++
  }
}

/** Shows no connection, and may have one in a closure. */
class OwnClear extends Map<string, unknown> {
  cleared = 0
  override clear(): void {
    this.cleared++
    super.clear()
  }
}

class OwnDelete extends Map<string, unknown> {
  override delete(key: string): boolean {
    return super.delete(key)
  }
}

/** Adds, and drops as a Map does. */
class Counting extends Map<string, unknown> {
  gets = 0
  override get(key: string): unknown {
    this.gets++
    return super.get(key)
  }
}

describe('a Map or Set with a database behind it', () => {
  it('is refused, by name as well', () => {
    const map = new Enmap()
    const set = new SharedSet()
    const cases = [
      [() => fromCache(map), /^ERR_ADAPTER_REFUSED: this Map: there is a connection/],
      [() => adapters.fromMap(map), /^ERR_ADAPTER_REFUSED: this Map/],
      [() => fromCache(set), /^ERR_ADAPTER_REFUSED: this Set: there is a connection/],
      [() => adapters.fromSet(set), /^ERR_ADAPTER_REFUSED: this Set/],
    ] as const
    for (const [adapt, words] of cases) {
      const error = thrownBy(adapt)
      expect(error).to.be.instanceOf(CacheAttributionError)
      expect((error as CacheAttributionError).message).to.match(words)
    }
    expect([map.db.deleted, set.client.deleted]).to.deep.equal([0, 0])
  })

  it('is not known to be memory of this process, where another cache is built on it', () => {
    const over = (): Keyv => new Keyv({ store: new Enmap() })
    for (const cache of [over(), new Cacheable({ primary: over() }), createCache({ stores: [over()] })]) {
      expect(thrownBy(() => fromCache(cache))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    }
  })

  it('is left alone beside a store of this process', () => {
    const [shared, own] = [new Enmap(), new Map([['a', 1]])]
    fromCache(createCache({ stores: [new Keyv({ store: own }), new Keyv({ store: shared })] })).release(CONTEXT)
    expect([shared.db.deleted, own.size]).to.deep.equal([0, 0])
  })
})

describe('a cache of two levels with the shape of InMemoryLRUCache', () => {
  class TwoLevels {
    readonly cache = new LRUCache<string, object>({ max: 10 })
    readonly redis = { flushed: 0 }
    get(key: string): object | undefined {
      return this.cache.get(key)
    }
    set(key: string, value: object): void {
      this.cache.set(key, value)
    }
    delete(key: string): boolean {
      return this.cache.delete(key)
    }
    keys(): string[] {
      return [...this.cache.keys()]
    }
    async clear(): Promise<void> {
      this.cache.clear()
      await Promise.resolve(this.redis.flushed++)
    }
  }

  it('is emptied in this process alone', () => {
    const cache = new TwoLevels()
    cache.set('a', {})
    const adapted = fromCache(cache)
    expect(adapted).to.equal(adapters.fromKeyValueCache(cache))
    adapted.release(CONTEXT)
    expect([cache.cache.size, cache.redis.flushed]).to.deep.equal([0, 0])
  })
})

describe('a memoized function', () => {
  interface Memoized {
    (key: string): unknown
    cache: MemoizeCacheLike
  }
  const memoize = createRequire(import.meta.url)('lodash.memoize') as (compute: (key: string) => unknown) => Memoized

  it('is refused over a connection, at once and when its cache is exchanged later', () => {
    const [before, after] = [memoize(() => 1), memoize(() => 1)]
    const remote = new RemoteCache()
    before.cache = remote
    expect(thrownBy(() => fromCache(before))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    const adapted = adapters.fromLodashMemoize(after)
    after.cache = remote
    expect(thrownBy(() => adapted.release(CONTEXT))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    expect(remote.cleared).to.equal(0)
  })

  it('passes the promise of its cache on, so that its end is awaited', () => {
    const done = Promise.resolve()
    const memoized = memoize(() => 1)
    memoized.cache = { clear: () => done, get: () => 1, has: () => true, set: () => 1 } as MemoizeCacheLike
    expect(fromCache(memoized).release(CONTEXT)).to.equal(done)
  })
})

describe('a DataLoader with a cacheMap of its caller', () => {
  const loaderOver = (cacheMap: object): DataLoader<string, number> =>
    new DataLoader((keys) => Promise.resolve(keys.map(() => 1)), { cacheMap: cacheMap as never })

  it('is refused over a connection, at once and when it is exchanged later', () => {
    const remote = new RemoteCache()
    for (const cacheMap of [remote, new Enmap()]) {
      expect(thrownBy(() => fromCache(loaderOver(cacheMap)))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    }
    const loader = loaderOver(new Map())
    const adapted = adapters.fromDataLoader(loader)
    ;(loader as unknown as { _cacheMap: object })._cacheMap = remote
    expect(thrownBy(() => adapted.release(CONTEXT))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    expect(remote.cleared).to.equal(0)
  })

  it('is counted and trimmed as that one, where it is known', () => {
    const cacheMap = new LRUCache<string, Promise<number>>({ max: 10, maxSize: 100, sizeCalculation: () => 5 })
    const loader = loaderOver(cacheMap)
    for (const key of ['a', 'b', 'c', 'd']) loader.prime(key, 1)
    const adapted = fromCache(loader)
    expect([adapted.entries?.(), adapted.claimedBytes?.()]).to.deep.equal([4, 20])
    adapted.trim?.(0.5, { ...CONTEXT, mode: 'trim', choice: 'coldest' })
    expect([...cacheMap.keys()]).to.have.members(['c', 'd'])
    adapted.release(CONTEXT)
    expect(cacheMap.size).to.equal(0)
  })

  it('passes the promise of an unknown one on, so that its end is awaited, and trims none', () => {
    const done = Promise.resolve()
    const adapted = fromCache(loaderOver({ clear: () => done, get: () => 1, set: () => 1, delete: () => 1 }))
    expect(adapted.release(CONTEXT)).to.equal(done)
    expect(['trim' in adapted, adapted.entries?.()]).to.deep.equal([false, null])
  })

  it('has nothing to drop without a cache', () => {
    const loader = new DataLoader<string, number>((keys) => Promise.resolve(keys.map(() => 1)), { cache: false })
    expect(fromCache(loader).release(CONTEXT)).to.equal(loader)
  })
})

describe('a subclass of Map', () => {
  it('is released by its own methods, where it is the cache', () => {
    const cache = new OwnClear([['a', 1]])
    fromCache(cache).release(CONTEXT)
    expect([cache.cleared, cache.size]).to.deep.equal([1, 0])
  })

  it('is no known store, where it drops in a way of its own', () => {
    for (const store of [new OwnClear(), new OwnDelete()]) {
      expect(thrownBy(() => adapters.fromKeyv(new Keyv({ store })))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    }
  })

  it('is one, where it drops as a Map does, and so is a Map of another realm', () => {
    const foreign = vm.runInNewContext('new Map([["a", 1]])') as Map<string, number>
    for (const store of [new Counting([['a', 1]]), foreign]) {
      fromCache(new Keyv({ store })).release(CONTEXT)
      expect(store.size).to.equal(0)
    }
    const overridden = vm.runInNewContext('new (class extends Map { clear() {} })()') as Map<string, number>
    expect(thrownBy(() => fromCache(new Keyv({ store: overridden })))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
  })
})
