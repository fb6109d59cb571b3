/** Which entries of a library with a trap a trim drops, and what a count must leave alone. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { LRUCache } from 'lru-cache'
import LRUCache7 from 'lru-cache-7'
import QuickLRU from 'quick-lru'
import QuickLRU6 from 'quick-lru-6'
import { lru as tinyLru } from 'tiny-lru'
import { lru as tinyLru11 } from 'tiny-lru-11'
import * as adapters from '../../src/adapters/index.js'
import type { Releasable } from '../../src/index.js'
import type { TrimChoice } from '../helpers/internals/coordinator.js'

function trim(adapted: Releasable, fraction: number, choice: TrimChoice): void {
  adapted.trim?.(fraction, { mode: 'trim', signal: new AbortController().signal, choice })
}

describe('a trim of an lru-cache', () => {
  for (const [version, cache] of [
    ['11', new LRUCache<string, number>({ max: 100, ttl: 1 })],
    ['7', new LRUCache7<string, number>({ max: 100, ttl: 1 })],
  ] as const) {
    it(`drops its share at random where entries are stale, and leaves allowStale as it was: ${version}`, async () => {
      for (let index = 0; index < 40; index++) cache.set(String(index), index)
      for (let index = 40; index < 80; index++) cache.set(String(index), index, { ttl: 3_600_000 })
      await delay(10)
      trim(adapters.fromLruCache(cache), 0.5, 'random')
      expect([cache.size, cache.allowStale]).to.deep.equal([40, false])
      expect([...cache.keys()]).to.have.lengthOf(20)
    })
  }
})

describe('a trim of a tiny-lru', () => {
  it('drops its share where entries have expired', async () => {
    for (const choice of ['coldest', 'random'] as const) {
      for (const cache of [tinyLru<number>(100, 1), tinyLru11<number>(100, 1)]) {
        for (let index = 0; index < 40; index++) cache.set(String(index), index)
        await delay(10)
        trim(adapters.fromTinyLru(cache), 0.5, choice)
        expect(cache.size).to.equal(20)
      }
    }
  })

  it('drops expired entries before those that were used longer ago', async () => {
    const cache = tinyLru<number>(100, 3_600_000)
    cache.set('valid', 1)
    cache.ttl = 1
    cache.set('expired', 1)
    await delay(10)
    trim(adapters.fromTinyLru(cache), 0.5, 'coldest')
    expect([cache.peek('valid'), cache.peek('expired')]).to.deep.equal([1, undefined])
  })

  it('drops the coldest where none expires', () => {
    const cache = tinyLru<number>(100)
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, 1)
    cache.get('a')
    trim(adapters.fromTinyLru(cache), 0.5, 'coldest')
    expect(cache.keys()).to.deep.equal(['d', 'a'])
  })
})

describe('a count of a quick-lru at its maxSize', () => {
  const evicted: string[] = []
  const options = { maxSize: 10, onEviction: (key: string): unknown => evicted.push(key) }
  const { now } = Date
  afterEach(() => {
    Date.now = now
    evicted.length = 0
  })
  const fill = <Cache extends QuickLRU<string, number> | QuickLRU6<string, number>>(cache: Cache): Cache => {
    for (let index = 0; index < 15; index++) cache.set(String(index), index)
    return cache
  }

  it('is of all that it holds', () => {
    const seven = fill(new QuickLRU<string, number>(options))
    const six = fill(new QuickLRU6<string, number>(options))
    expect([seven.size, six.size]).to.deep.equal([10, 10])
    expect(adapters.fromQuickLru(seven).entries?.()).to.equal(15)
    expect(adapters.fromQuickLru(six).entries?.()).to.equal(15)
  })

  it('drops no entry that has expired, and tells nobody of one', () => {
    const seven = fill(new QuickLRU<string, number>(options))
    const six = fill(new QuickLRU6<string, number>(options))
    const adapted = [adapters.fromQuickLru(seven), adapters.fromQuickLru(six)]
    for (const cache of [seven, six]) cache.set('7', 7, { maxAge: 60_000 })
    const before = adapted.map((each) => each.entries?.())
    Date.now = () => now() + 120_000
    const after = adapted.map((each) => each.entries?.())
    expect({ before, after, evicted }).to.deep.equal({ before: [null, 15], after: [null, 15], evicted: [] })
  })

  it('is known again below it', () => {
    const cache = fill(new QuickLRU<string, number>(options))
    const adapted = adapters.fromQuickLru(cache)
    cache.set('7', 7, { maxAge: 60_000 })
    expect(adapted.entries?.()).to.equal(null)
    cache.clear()
    cache.set('a', 1)
    expect(adapted.entries?.()).to.equal(1)
  })
})
