import { expect } from 'chai'
import type { Coordinator, Releasable } from '../../src/index.js'
import { formatReport } from '../../src/index.js'
import { expectLinear } from '../helpers/linear.js'
import { MIB, World, rowOf, thrownBy } from './world.js'

const release = (): void => undefined

describe('register()', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
  })

  it('keeps the order of registration', () => {
    for (const name of ['b', 'a', '10', '2']) coordinator.register(name, { release })
    expect(coordinator.names).to.deep.equal(['b', 'a', '10', '2'])
  })

  it('refuses a name that is taken, and says how to go on', () => {
    coordinator.register('users', { release })
    const error = thrownBy(() => coordinator.register('users', { release }))
    expect(error).to.have.property('code', 'ERR_CACHE_DUPLICATE')
    expect(error).to.have.property('message').that.includes('unregister it first')
    expect(coordinator.names).to.deep.equal(['users'])
  })

  it('takes the traits that a cache brings along where its own options are silent', async () => {
    coordinator.register('brought', { release, traits: { lossless: false } })
    coordinator.register('overruled', { release, traits: { lossless: false, refillCost: 'high' } }, { lossless: true })
    coordinator.register('named', { release, traits: { lossless: false } }, { lossless: true })
    const { caches } = await coordinator.attribute()
    expect(caches.map(({ name, error }) => [name, error?.message])).to.have.deep.members([
      ['named', undefined],
      ['brought', 'it is not lossless: name it in "only" to release it'],
      ['overruled', 'it is costly to refill: name it in "only" to release it'],
    ])
  })

  it('gives a name free again when its cache is unregistered', () => {
    coordinator.register('users', { release }).unregister()
    coordinator.register('users', { release })
    expect(coordinator.names).to.deep.equal(['users'])
  })

  it('does not let an old registration take out a new cache of the same name', () => {
    const old = coordinator.register('users', { release })
    old.unregister()
    coordinator.register('users', { release })
    expect(old.unregister()).to.equal(false)
    expect(coordinator.names).to.deep.equal(['users'])
  })

  const NAMES = [
    '__proto__',
    'constructor',
    'toString',
    ' ',
    '0',
    '\u0000',
    '\u202eevil',
    '😀',
    'x'.repeat(200),
    '\ud800',
  ]
  for (const name of NAMES) {
    it(`takes any text for a name: ${JSON.stringify(name.slice(0, 20))}`, async () => {
      coordinator.register(name, world.cache(name, { allocated: MIB }))
      const report = await coordinator.attribute({ only: [name] })
      expect(rowOf(report, name).released.allocatedBytes).to.equal(MIB)
      expect(Object.getPrototypeOf({})).to.equal(Object.prototype)
    })
  }

  const NO_NAMES: readonly [name: unknown, code: string][] = [
    ['', 'ERR_OPTION_RANGE'],
    ['x'.repeat(201), 'ERR_OPTION_RANGE'],
    [5, 'ERR_OPTION_TYPE'],
    [null, 'ERR_OPTION_TYPE'],
    [undefined, 'ERR_OPTION_TYPE'],
    [Symbol('name'), 'ERR_OPTION_TYPE'],
    [new String('name'), 'ERR_OPTION_TYPE'],
    [{ toString: () => 'name' }, 'ERR_OPTION_TYPE'],
  ]
  for (const [name, code] of NO_NAMES) {
    it(`refuses what is no name: ${typeof name} ${String(name).slice(0, 10)}`, () => {
      expect(thrownBy(() => coordinator.register(name as string, { release }))).to.have.property('code', code)
      expect(coordinator.names).to.deep.equal([])
    })
  }

  const NO_CACHES: readonly [what: string, cache: unknown, message: RegExp][] = [
    ['nothing', undefined, /must be an object with a release\(\) method, got undefined/],
    ['null', null, /got null/],
    ['a text', 'x', /got "x" \(string\)/],
    ['an object without release', {}, /release of the cache "c" \(string\) must be a function, got undefined/],
    ['a Map', new Map(), /release of the cache .* must be a function/],
    ['a release that is no function', { release: true }, /got true \(boolean\)/],
    ['entries that is no function', { release, entries: 5 }, /entries of the cache .* got 5/],
    ['claimedBytes that is null', { release, claimedBytes: null }, /claimedBytes of the cache .* got null/],
  ]
  for (const [what, cache, message] of NO_CACHES) {
    it(`refuses ${what}`, () => {
      const error = thrownBy(() => coordinator.register('c', cache as Releasable))
      expect(error).to.have.property('code', 'ERR_OPTION_TYPE')
      expect(error).to.have.property('message').that.matches(message)
      expect(coordinator.names).to.deep.equal([])
    })
  }

  it('takes methods set to undefined for absent', () => {
    coordinator.register('c', { release, entries: undefined, claimedBytes: undefined } as unknown as Releasable)
    expect(coordinator.observe().caches[0]).to.include({ entries: null, claimedBytes: null })
  })

  it('takes a frozen object, a function with a release, and a class', () => {
    coordinator.register('frozen', Object.freeze({ release }))
    coordinator.register(
      'function',
      Object.assign(() => undefined, { release }),
    )
    class Cache {
      readonly entryCount = 0
      static release(): void {
        // nothing to do
      }
    }
    coordinator.register('class', Cache)
    expect(coordinator.names).to.have.length(3)
  })

  it('does not call or change the cache', () => {
    const methods: string[] = []
    const cache = new Proxy<Releasable>(
      { release, entries: () => 0 },
      {
        set: () => false,
        defineProperty: () => false,
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key)
          return typeof value === 'function' ? () => methods.push(String(key)) : value
        },
      },
    )
    coordinator.register('c', cache)
    expect(methods).to.deep.equal([])
  })

  it('keeps its traits whatever becomes of the options afterwards', async () => {
    const options = { lossless: false }
    coordinator.register('c', { release }, options)
    options.lossless = true
    expect(rowOf(await coordinator.attribute(), 'c').error?.code).to.equal('ERR_RELEASE_UNNAMED')
  })

  it('of a cache for twins alone skips it in this process, and releases nothing', async () => {
    let releases = 0
    coordinator.register('c', { release: () => releases++ }, { live: false })
    for (const options of [{}, { only: ['c'] }, { mode: 'trim' as const }]) {
      const row = rowOf(await coordinator.attribute(options), 'c')
      expect(row.status).to.equal('skipped')
      expect(row.error?.code).to.equal('ERR_RELEASE_LIVE')
    }
    expect(releases).to.equal(0)
  })

  it('tells in its row how many caches it stands for, where it knows', async () => {
    const names = ['some', 'unknown', 'throws', 'none'] as const
    const instances = [() => 1000, () => null, () => thrown(), undefined]
    for (const [index, name] of names.entries()) {
      const own = instances[index]
      coordinator.register(name, { release, ...(own === undefined ? {} : { instances: own }) })
    }
    const report = await coordinator.attribute()
    expect(names.map((name) => rowOf(report, name).instances)).to.deep.equal([1000, undefined, undefined, undefined])
    expect(formatReport(report)).to.contain('some ×1,000')
    expect(() => coordinator.register('x', { release, instances: 3 as never })).to.throw('ERR_OPTION_TYPE')
  })

  it('registers nothing when the options are refused', () => {
    expect(() => coordinator.register('c', { release }, { lossless: 1 } as never)).to.throw('ERR_OPTION_TYPE')
    expect(coordinator.names).to.deep.equal([])
  })

  it('registers and unregisters caches in a time in proportion to their number', async () => {
    const names = (length: number): string[] => Array.from({ length }, (_, index) => String(index))
    const registerAll = (all: readonly string[]): void => {
      const registrations = all.map((name) => coordinator.register(name, { release }))
      expect(coordinator.names).to.have.length(all.length)
      for (const registration of registrations) registration.unregister()
      expect(coordinator.names).to.deep.equal([])
    }
    await expectLinear(names, registerAll, 1000)
  })
})

function thrown(): never {
  throw new Error('no number')
}
