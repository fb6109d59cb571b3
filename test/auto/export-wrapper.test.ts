/** Wrapped exports: what they make is told of, and is what the library makes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { ExportWrapper, framesOf } from '../helpers/internals/auto.js'
import type { Creation } from '../helpers/internals/auto.js'

class Cache {
  static readonly limit = 7
  static #made = 0
  static count(): number {
    return Cache.#made
  }
  readonly #entries = new Map<string, unknown>()
  readonly options: unknown
  constructor(options?: unknown) {
    Cache.#made++
    if (new.target !== Cache && options === 'strict') throw new TypeError('no subclass')
    if (options === 'throws') throw new RangeError('no cache')
    this.options = options
  }
  set(key: string, value: unknown): this {
    this.#entries.set(key, value)
    return this
  }
  get(key: string): unknown {
    return this.#entries.get(key)
  }
}

class CacheOfLibrary {
  readonly entries = new Map<string, unknown>()
}

const KIND = { kind: 'class', label: 'LRUCache' } as const

describe('a wrapped class', () => {
  let reported: Creation[]
  let instrument: ExportWrapper
  let Wrapped: typeof Cache
  beforeEach(() => {
    reported = []
    instrument = new ExportWrapper({ follows: () => true, add: (creation) => void reported.push(creation) })
    Wrapped = instrument.value(Cache, 'lru-cache', KIND, {}) as typeof Cache
  })
  afterEach(() => {
    Object.defineProperty(Cache.prototype, 'constructor', { value: Cache, configurable: true, writable: true })
  })

  it('makes instances of the library, whose methods are its own', () => {
    const cache = new Wrapped({ max: 1 })
    expect(cache).to.be.instanceOf(Cache)
    expect(cache).to.be.instanceOf(Wrapped)
    expect(Object.getPrototypeOf(cache)).to.equal(Cache.prototype)
    expect(cache.options).to.deep.equal({ max: 1 })
    expect(cache.set('a', 1).get('a')).to.equal(1)
    expect(Reflect.ownKeys(cache)).to.deep.equal(['options'])
    expect(reported.map(({ made, className }) => [made, className])).to.deep.equal([[cache, 'Cache']])
  })

  it('is the constructor of its instances, and has what the class has', () => {
    expect(new Wrapped().constructor).to.equal(Wrapped)
    expect(Wrapped.limit).to.equal(7)
    expect(Wrapped.name).to.equal('Cache')
    expect(Wrapped.count()).to.be.greaterThan(0)
  })

  it('is the target of new in the class itself', () => {
    expect(() => new Wrapped('strict')).not.to.throw()
  })

  it('tells of what Reflect.construct makes, whatever the new target', () => {
    class Other extends Cache {}
    expect(Reflect.construct(Wrapped, ['x'])).to.be.instanceOf(Cache)
    expect(Reflect.construct(Wrapped, ['x'], Cache)).to.be.instanceOf(Cache)
    expect(Reflect.construct(Wrapped, ['x'], Other)).to.be.instanceOf(Other)
    expect(reported.map(({ className }) => className)).to.deep.equal(['Cache', 'Cache', 'Other'])
  })

  it('tells once of an instance of a subclass, by its name, with the constructors between', () => {
    class UserCache extends Wrapped {}
    class Deeper extends UserCache {}
    const cache = new Deeper('x')
    expect(cache).to.be.instanceOf(UserCache)
    expect(reported.map(({ made, className, levels }) => [made, className, levels])).to.deep.equal([
      [cache, 'Deeper', 2],
    ])
  })

  it('is told of by the label where a minifier left no name', () => {
    const minified = { Q: class extends Cache {} }.Q
    Object.defineProperty(minified, 'name', { value: 'Q' })
    const Small = instrument.value(minified, 'lru-cache', KIND, {}) as typeof Cache
    const SmallSubclass = class x extends Small {}
    expect([new Small(), new SmallSubclass()]).to.have.length(2)
    expect(reported.map(({ className }) => className)).to.deep.equal(['LRUCache', 'LRUCache'])
  })

  it('tells once where a wrapped class extends a wrapped class', () => {
    class Inner extends Wrapped {}
    const Outer = instrument.value(Inner, 'lru-cache', KIND, {}) as typeof Cache
    expect(new Outer()).to.be.instanceOf(Inner)
    expect(reported.map(({ className }) => className)).to.deep.equal(['Inner'])
  })

  it('throws what the class throws, and tells of nothing then', () => {
    expect(() => new Wrapped('throws')).to.throw(RangeError, 'no cache')
    expect(() => (Wrapped as unknown as () => void)()).to.throw(TypeError)
    expect(reported).to.deep.equal([])
  })

  it('is the same under every name, and is not wrapped again', () => {
    expect(instrument.value(Cache, 'lru-cache', KIND, {})).to.equal(Wrapped)
    expect(instrument.value(Wrapped, 'lru-cache', KIND, {})).to.equal(Wrapped)
  })
})

describe('the stack of a creation', () => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'wrapped-'))
  after(() => {
    rmSync(base, { recursive: true })
  })

  function fileOf(name: string, description: object): string {
    const folder = path.join(base, 'node_modules', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, ...description }))
    return path.join(folder, 'index.js')
  }

  function framesWith(...loaded: readonly string[]): number {
    const reported: Creation[] = []
    const instrument = new ExportWrapper({ follows: () => true, add: (creation) => void reported.push(creation) })
    for (const file of loaded) instrument.noteLoaded(file)
    const Wrapped = instrument.value(CacheOfLibrary, 'lru-cache', KIND, {}) as typeof CacheOfLibrary
    const settings = (): unknown[] =>
      ['stackTraceLimit', 'prepareStackTrace'].map((name) => Reflect.get(Error, name) as unknown)
    const before = settings()
    expect(new Wrapped()).to.be.instanceOf(CacheOfLibrary)
    const frames = framesOf(reported[0]?.stack ?? null)
    expect(settings()).to.deep.equal(before)
    expect(frames[0]?.getFunctionName()).to.equal('framesWith')
    return frames.length
  }

  it('is one frame, unless a loaded library may have such a cache inside of its own', () => {
    const itself = fileOf('lru-cache', {})
    const user = fileOf('unstorage', { dependencies: { 'lru-cache': '^10.0.0', left: '1' } })
    const peer = fileOf('cacheable', { peerDependencies: { 'lru-cache': '*' } })
    const other = fileOf('keyv', { dependencies: { 'quick-lru': '1' }, devDependencies: { 'lru-cache': '1' } })
    const broken = fileOf('moize', { dependencies: 'lru-cache' })
    expect(framesWith()).to.equal(1)
    expect(framesWith(itself, other, broken, '/no/such/file.js')).to.equal(1)
    for (const each of [user, peer]) expect(framesWith(itself, each), each).to.be.greaterThan(2)
  })
})

describe('the exports of a library', () => {
  const FILE = '/app/node_modules/lru-cache/index.js'
  let reported: Creation[]
  let instrument: ExportWrapper
  beforeEach(() => {
    reported = []
    instrument = new ExportWrapper({ follows: () => true, add: (creation) => void reported.push(creation) })
  })

  function reports(exports: unknown, name: string | null = 'LRUCache'): boolean {
    const found = (name === null ? exports : (exports as Record<string, unknown>)[name]) as new () => object
    const made = new found()
    return reported.some((creation) => creation.made === made)
  }

  it('stay the same object where they can be changed', () => {
    const given = { LRUCache: CacheOfLibrary, other: 1 }
    expect(instrument.exports(given, 'lru-cache', FILE)).to.equal(given)
    expect(reports(given)).to.equal(true)
  })

  for (const [what, close] of [
    ['frozen', Object.freeze],
    ['sealed with a getter', (given: object) => Object.seal(getterOf(given))],
    ['a getter that cannot be configured', (given: object) => getterOf(given)],
  ] as const) {
    it(`are a copy where they are ${what}`, () => {
      const given = close({ LRUCache: CacheOfLibrary, other: { a: 1 }, [Symbol.for('x')]: 2 })
      const exports = instrument.exports(given, 'lru-cache', FILE) as typeof given
      expect(reports(exports)).to.equal(true)
      expect(Reflect.ownKeys(exports)).to.have.members(Reflect.ownKeys(given))
      expect((exports as { other: object }).other).to.equal((given as { other: object }).other)
    })
  }

  it('are wrapped where module.exports is the class, whose own names for itself are too', () => {
    const LRUCache = class LRUCache extends CacheOfLibrary {}
    Object.assign(LRUCache, { LRUCache, default: LRUCache })
    const exports = instrument.exports(LRUCache, 'lru-cache', FILE)
    expect(exports).not.to.equal(LRUCache)
    for (const name of [null, 'LRUCache', 'default']) expect(reports(exports, name), String(name)).to.equal(true)
  })

  it('may be anything', () => {
    for (const given of [undefined, null, 5, 'text', [], {}, { LRUCache: 'text' }, { LRUCache: null }]) {
      expect(instrument.exports(given, 'lru-cache', FILE)).to.deep.equal(given)
    }
    expect(instrument.exports(Object.freeze({ LRUCache: 5 }), 'lru-cache', FILE)).to.deep.equal({ LRUCache: 5 })
  })

  it('of a factory tell of what it returns, be it called by new or not', () => {
    const made = { cache: new Map() }
    const factory = Object.assign(() => made, { Cache: Map })
    const wrapped = instrument.exports(factory, 'lodash.memoize', '/app/node_modules/lodash.memoize/index.js')
    expect((wrapped as typeof factory)()).to.equal(made)
    expect((wrapped as typeof factory).Cache).to.equal(Map)
    expect(reported.map((creation) => creation.made)).to.deep.equal([made])
  })

  function getterOf(given: object): object {
    const { LRUCache } = given as { LRUCache: unknown }
    const others = Object.getOwnPropertyDescriptors(given)
    return Object.defineProperties({}, {
      ...others,
      LRUCache: { get: () => LRUCache, enumerable: true },
    } as PropertyDescriptorMap)
  }
})
