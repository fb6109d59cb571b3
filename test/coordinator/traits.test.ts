/** Traits stand in the options of register(), or beside release(): they hold in both places, or are refused. */
import { expect } from 'chai'
import type { Releasable } from '../../src/index.js'
import { fromCache } from '../../src/adapters/index.js'
import { World, thrownBy } from './world.js'

const release = (): void => undefined
const TRAITS = { lossless: false, refillCost: 'high', twin: false } as const

function described(releasable: object, options?: object): unknown {
  const coordinator = new World().coordinator()
  coordinator.register('c', releasable as Releasable, options)
  return coordinator.describeCaches()[0]
}

class Owner {
  readonly lossless = false
  readonly sessions = new Map<string, object>()
  release(): void {
    this.sessions.clear()
  }
  /** Its own: no trait. */
  gc(): void {
    this.sessions.clear()
  }
}

describe('traits of a cache', () => {
  it('hold beside release() as they do in the options', () => {
    const expected = { name: 'c', ...TRAITS, live: true, trim: false }
    expect(described({ release, ...TRAITS })).to.deep.equal(expected)
    expect(described({ release }, TRAITS)).to.deep.equal(expected)
    expect(described({ release, ...TRAITS }, TRAITS)).to.deep.equal(expected)
    expect(described({ release, lossless: false, refillCost: 'high' }, { twin: false })).to.deep.equal(expected)
  })

  it('keep a cache that loses something out of a run, wherever they stand', async () => {
    for (const trait of [{ lossless: false }, { refillCost: 'high' }]) {
      const world = new World()
      const coordinator = world.coordinator()
      const cache = world.cache('sessions', { heap: 1000 })
      coordinator.register('sessions', { ...cache, ...trait } as Releasable)
      const [row] = (await coordinator.attribute()).caches
      expect(row).to.include({ status: 'skipped' })
      expect(cache.entryCount).to.equal(10)
    }
  })

  it('hold beside an adapter’s own, and in an instance of a class, whose methods are none', () => {
    expect(described({ ...fromCache(new Map()), lossless: false })).to.include({
      lossless: false,
      refillCost: 'medium',
    })
    expect(described(new Owner())).to.include({ lossless: false, refillCost: 'medium' })
  })

  for (const [name, beside, options] of [
    ['lossless', { lossless: false }, { lossless: true }],
    ['refillCost', { refillCost: 'high' }, { refillCost: 'low' }],
    ['twin', { twin: false }, { twin: true }],
    ['gc', { gc: 'none' }, { gc: 'forced' }],
  ] as const) {
    it(`are refused where the two places disagree about ${name}`, () => {
      const error = thrownBy(() => described({ release, ...beside }, options))
      expect(error).to.have.property('code', 'ERR_OPTION_RANGE')
      expect((error as Error).message).to.contain(`"${name}" is `)
    })
  }

  for (const [wrong, nearest] of [
    ['loseless', 'lossless'],
    ['lossLess', 'lossless'],
    ['refilCost', 'refillCost'],
    ['refillcost', 'refillCost'],
    ['trait', 'traits'],
    ['trimChoice', 'trimChoices'],
    ['claimedByte', 'claimedBytes'],
  ] as const) {
    it(`are refused where one is misspelt: ${wrong}`, () => {
      for (const given of [{ release, [wrong]: false }, Object.assign(new Owner(), { [wrong]: false })]) {
        const error = thrownBy(() => described(given))
        expect(error).to.have.property('code', 'ERR_OPTION_UNKNOWN')
        expect((error as Error).message).to.contain(`did you mean "${nearest}"?`)
      }
    })
  }

  it('are checked beside release() as in the options', () => {
    for (const wrong of [{ lossless: 'no' }, { refillCost: 'huge' }, { twin: 0 }, { gc: 'never' }]) {
      const [inOptions, beside] = [
        thrownBy(() => described({ release }, wrong)),
        thrownBy(() => described({ release, ...wrong })),
      ]
      expect(beside).to.have.property('code', (inOptions as { code: string }).code)
    }
  })

  it('leave an object its own members', () => {
    const own = { size: 3, name: 'x', get: release, set: release, ttl: 1, gcs: 1, bytes: 2, win: 1, items: new Map() }
    expect(described({ release, ...own })).to.include({ lossless: true, twin: true })
  })
})

describe('a cache that is registered as it is', () => {
  for (const [what, cache] of [
    ['a Map', new Map()],
    ['a WeakMap', new WeakMap()],
    ['an instance of a class', new URLSearchParams()],
    ['a memoized function', Object.assign(() => 1, { cache: new Map() })],
    ['an array', []],
  ] as const) {
    it(`is refused with the way to do it: ${what}`, () => {
      const error = thrownBy(() => described(cache))
      expect(error).to.have.property('code', 'ERR_OPTION_TYPE')
      expect((error as Error).message)
        .to.contain('fromCache(')
        .and.to.contain('cache-attribution/adapters')
    })
  }
})
