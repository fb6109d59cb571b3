import { expect } from 'chai'
import { Coordinator } from '../../src/index.js'
import { resolveAttributeOptions, resolveCoordinatorOptions, resolveTraits } from '../helpers/internals/coordinator.js'
import { nodeEnvironment } from '../helpers/internals/support.js'
import { World, rejectionOf, thrownBy } from './world.js'

type Resolve = (options: unknown) => unknown
const ofCoordinator = resolveCoordinatorOptions as Resolve
const ofTraits = resolveTraits as Resolve
const ofRun: Resolve = (options) =>
  resolveAttributeOptions(options as never, { controls: 4, mode: undefined, twins: 1 })

/** A refused value: of which options object, which key, and what the message says. */
const REFUSED: readonly (readonly [resolve: Resolve, options: unknown, message: string | RegExp])[] = [
  // Unknown and misspelt.
  [
    ofCoordinator,
    { releaseTimeout: 5 },
    'ERR_OPTION_UNKNOWN: Coordinator has no option "releaseTimeout" (string): did you mean "releaseTimeoutMs"?',
  ],
  [ofCoordinator, { GC: 'none' }, 'ERR_OPTION_UNKNOWN: Coordinator has no option "GC" (string): did you mean "gc"?'],
  [ofCoordinator, { somethingElse: 1 }, /^ERR_OPTION_UNKNOWN: .*: known are releaseTimeoutMs, gc, /],
  [
    ofRun,
    { controlls: 5 },
    'ERR_OPTION_UNKNOWN: attribute() has no option "controlls" (string): did you mean "controls"?',
  ],
  [
    ofRun,
    { budget: { pause: 5 } },
    'ERR_OPTION_UNKNOWN: budget has no option "pause" (string): did you mean "pauseMs"?',
  ],
  [ofRun, { fractions: 0.5 }, /^ERR_OPTION_UNKNOWN: .*did you mean "fraction"/],
  [
    ofTraits,
    { loseless: true },
    'ERR_OPTION_UNKNOWN: register() has no option "loseless" (string): did you mean "lossless"?',
  ],
  [
    ofTraits,
    { ['x'.repeat(10_000)]: 1 },
    /^ERR_OPTION_UNKNOWN: register\(\) has no option "x{58}… \(string\): known are /,
  ],
  [ofTraits, { misspelt: undefined }, /^ERR_OPTION_UNKNOWN: /],
  // Keys that mean something to JavaScript.
  [
    ofCoordinator,
    JSON.parse('{"__proto__": {"gc": "none"}}'),
    /^ERR_OPTION_UNKNOWN: Coordinator has no option "__proto__"/,
  ],
  [ofCoordinator, { constructor: 1 }, /^ERR_OPTION_UNKNOWN: Coordinator has no option "constructor"/],
  [ofRun, { toString: () => 'x' }, /^ERR_OPTION_UNKNOWN: attribute\(\) has no option "toString"/],
  [ofTraits, { hasOwnProperty: 1 }, /^ERR_OPTION_UNKNOWN: /],
  // No options object at all.
  ...[null, 5, 'gc', true, Symbol('x'), 5n, [], ['a'], () => undefined].map(
    (value) =>
      [ofCoordinator, value, /^ERR_OPTION_TYPE: the options of Coordinator must be a plain object, got /] as const,
  ),
  ...[
    new Set(['a']),
    new Map(),
    new AbortController().signal,
    Promise.resolve(),
    new Date(),
    /x/,
    Object.create({ only: ['a'] }),
  ].map(
    (value) =>
      [ofRun, value, 'ERR_OPTION_TYPE: the options of attribute() must be a plain object, got an object'] as const,
  ),
  [ofRun, { budget: null }, /^ERR_OPTION_TYPE: the options of budget must be a plain object, got null/],
  [ofRun, { budget: 200 }, /^ERR_OPTION_TYPE: .* got 200 \(number\)/],
  // Numbers.
  [
    ofCoordinator,
    { releaseTimeoutMs: 0 },
    'ERR_OPTION_RANGE: "releaseTimeoutMs" must be an integer ≥ 1 and ≤ 86400000, got 0 (number)',
  ],
  [ofCoordinator, { releaseTimeoutMs: NaN }, /^ERR_OPTION_RANGE: .* got NaN \(number\)/],
  [ofCoordinator, { releaseTimeoutMs: Infinity }, /^ERR_OPTION_RANGE: .* got Infinity/],
  [ofCoordinator, { releaseTimeoutMs: -0 }, /^ERR_OPTION_RANGE: /],
  [ofCoordinator, { releaseTimeoutMs: 1.5 }, /^ERR_OPTION_RANGE: .* got 1.5/],
  [
    ofCoordinator,
    { releaseTimeoutMs: '100' },
    'ERR_OPTION_TYPE: "releaseTimeoutMs" must be an integer ≥ 1 and ≤ 86400000, got "100" (string)',
  ],
  [ofCoordinator, { releaseTimeoutMs: 2 ** 31 }, /^ERR_OPTION_RANGE: /],
  [ofCoordinator, { naturalGcTimeoutMs: -1 }, /^ERR_OPTION_RANGE: /],
  [ofCoordinator, { naturalGcTimeoutMs: 5n }, /^ERR_OPTION_TYPE: .* got 5 \(bigint\)/],
  [ofCoordinator, { controls: 101 }, /^ERR_OPTION_RANGE: .* got 101/],
  [ofCoordinator, { controls: -1 }, /^ERR_OPTION_RANGE: /],
  [ofCoordinator, { controls: null }, 'ERR_OPTION_TYPE: "controls" must be an integer ≥ 0 and ≤ 100, got null'],
  [ofCoordinator, { controls: new Number(4) }, /^ERR_OPTION_TYPE: .* got an object/],
  [ofRun, { controls: 0.5 }, /^ERR_OPTION_RANGE: /],
  [ofRun, { budget: { pauseMs: 0 } }, /^ERR_OPTION_RANGE: "pauseMs" must be a number ≥ 1/],
  [ofRun, { budget: { pauseMs: Infinity } }, /^ERR_OPTION_RANGE: /],
  [ofRun, { budget: { durationMs: NaN } }, /^ERR_OPTION_RANGE: /],
  [ofRun, { budget: { durationMs: '1s' } }, /^ERR_OPTION_TYPE: /],
  // A share without the mode that drops one: all would be dropped.
  [ofRun, { fraction: 0.05 }, `ERR_OPTION_RANGE: "fraction" is for mode 'trim', and the mode is 'twin'`],
  [ofRun, { mode: 'release', choice: 'random' }, /^ERR_OPTION_RANGE: "choice" is for mode 'trim'/],
  [ofRun, { mode: 'trim', fraction: 0 }, /^ERR_OPTION_RANGE: "fraction" must be a number ≥ 0.0001 and ≤ 1, got 0/],
  [ofRun, { mode: 'trim', fraction: 1.01 }, /^ERR_OPTION_RANGE: "fraction"/],
  [ofRun, { mode: 'trim', fraction: '5%' }, /^ERR_OPTION_TYPE: "fraction"/],
  [ofRun, { mode: 'trim', choice: 'hottest' }, /^ERR_OPTION_RANGE: "choice" must be one of 'coldest', 'random'/],
  // Words.
  [
    ofCoordinator,
    { gc: 'force' },
    `ERR_OPTION_RANGE: "gc" must be one of 'forced', 'natural', 'none', got "force" (string)`,
  ],
  [ofCoordinator, { gc: true }, /^ERR_OPTION_TYPE: "gc" must be one of .* got true \(boolean\)/],
  [ofCoordinator, { gc: ['forced'] }, /^ERR_OPTION_TYPE: .* got an array of 1/],
  [ofCoordinator, { binding: 'koffi' }, /^ERR_OPTION_RANGE: "binding"/],
  [ofCoordinator, { allocator: 'mimalloc' }, /^ERR_OPTION_RANGE: "allocator" must be one of 'auto', 'jemalloc', /],
  [ofCoordinator, { allocator: {} }, /^ERR_OPTION_TYPE: "allocator" must be an allocator or its name, got an object/],
  [ofCoordinator, { allocator: null }, /^ERR_OPTION_TYPE: "allocator"/],
  [ofCoordinator, { environment: {} }, /^ERR_OPTION_TYPE: "environment" must be an environment/],
  [ofCoordinator, { environment: 'node' }, /^ERR_OPTION_TYPE: /],
  [ofRun, { mode: 'purge' }, /^ERR_OPTION_RANGE: "mode"/],
  [ofRun, { mode: '__proto__' }, /^ERR_OPTION_RANGE: "mode"/],
  [ofRun, { trigger: 'me' }, /^ERR_OPTION_RANGE: "trigger"/],
  [ofTraits, { refillCost: 'none' }, /^ERR_OPTION_RANGE: "refillCost"/],
  [ofTraits, { lossless: 1 }, 'ERR_OPTION_TYPE: "lossless" must be true or false, got 1 (number)'],
  [ofTraits, { gc: null }, /^ERR_OPTION_TYPE: "gc"/],
  [ofTraits, { twin: 'no' }, /^ERR_OPTION_TYPE: "twin" must be true or false/],
  // Names.
  [ofRun, { only: 'users' }, 'ERR_OPTION_TYPE: "only" must be an array of cache names, got "users" (string)'],
  [ofRun, { only: new Set(['users']) }, /^ERR_OPTION_TYPE: "only"/],
  [ofRun, { only: ['users', 5] }, /^ERR_OPTION_TYPE: "only" must be an array of strings, got 5/],
  [ofRun, { except: [undefined] }, /^ERR_OPTION_TYPE: "except"/],
  [ofRun, { except: new Array(3) }, /^ERR_OPTION_TYPE: "except" must be an array of strings, got undefined/],
  [ofRun, { only: ['a', 'b', 'a'] }, 'ERR_OPTION_RANGE: "only" must be an array without repetitions, got "a" (string)'],
  // Signals.
  [ofRun, { signal: 'x' }, /^ERR_OPTION_TYPE: "signal" must be an AbortSignal, got "x"/],
  [ofRun, { signal: new AbortController() }, /^ERR_OPTION_TYPE: "signal" must be an AbortSignal, got an object/],
  [ofRun, { signal: { aborted: false, addEventListener: 5 } }, /^ERR_OPTION_TYPE: "signal"/],
  [ofRun, { signal: null }, /^ERR_OPTION_TYPE: "signal"/],
]

describe('options', () => {
  for (const [index, [resolve, options, message]] of REFUSED.entries()) {
    it(`are refused with what was expected and what came (${String(index + 1)}: ${shown(message)})`, () => {
      const error = thrownBy(() => resolve(options)) as Error & { code: string }
      expect(error.name).to.equal('CacheAttributionError')
      if (typeof message === 'string') expect(error.message).to.equal(message)
      else expect(error.message).to.match(message)
      expect(error.message.startsWith(`${error.code}: `)).to.equal(true)
    })
  }

  it('have the documented defaults', () => {
    expect(ofCoordinator(undefined)).to.deep.equal({
      releaseTimeoutMs: 10_000,
      gc: 'forced',
      naturalGcTimeoutMs: 30_000,
      mode: undefined,
      twins: 1,
      controls: 4,
      allocator: 'auto',
      binding: 'auto',
      addon: undefined,
      environment: nodeEnvironment,
    })
    expect(ofRun(undefined)).to.deep.equal({
      only: undefined,
      except: undefined,
      mode: 'twin',
      twins: 1,
      discover: 0,
      breakdown: false,
      explainResidual: false,
      fraction: 0.05,
      choice: 'coldest',
      controls: 4,
      budget: { pauseMs: undefined, durationMs: undefined },
      signal: undefined,
      trigger: 'call',
    })
    expect(ofTraits(undefined)).to.deep.equal({
      refillCost: 'medium',
      lossless: true,
      gc: undefined,
      twin: true,
      live: true,
    })
  })

  for (const [what, resolve] of [
    ['Coordinator', ofCoordinator],
    ['attribute()', ofRun],
    ['register()', ofTraits],
  ] as const) {
    it(`take undefined for "not given": ${what}`, () => {
      const defaults = resolve({}) as object
      const unset = Object.fromEntries(Object.keys(defaults).map((key) => [key, undefined]))
      expect(resolve(unset)).to.deep.equal(defaults)
    })

    it(`are never changed, and may be frozen: ${what}`, () => {
      const given = Object.freeze({})
      expect(() => resolve(given)).not.to.throw()
      expect(Object.keys(given)).to.deep.equal([])
    })

    it(`are resolved into an object that nobody can change: ${what}`, () => {
      expect(Object.isFrozen(resolve({}))).to.equal(true)
    })

    it(`may have no prototype: ${what}`, () => {
      expect(() => resolve(Object.create(null))).not.to.throw()
    })

    it(`take nothing from a polluted Object.prototype: ${what}`, () => {
      const polluted = Object.prototype as Record<string, unknown>
      for (const key of ['gc', 'only', 'lossless', 'controls']) polluted[key] = 'polluted'
      try {
        expect(() => resolve({})).not.to.throw()
      } finally {
        for (const key of ['gc', 'only', 'lossless', 'controls']) Reflect.deleteProperty(polluted, key)
      }
    })

    it(`pass on what a getter of theirs throws: ${what}`, () => {
      const error = new Error('from the getter')
      const given = Object.defineProperty({}, Object.keys(resolve({}) as object)[0] ?? '', {
        enumerable: true,
        get() {
          throw error
        },
      })
      expect(thrownBy(() => resolve(given))).to.equal(error)
    })
  }

  it('are read once each', () => {
    let reads = 0
    ofCoordinator({
      get controls() {
        return reads++
      },
    })
    expect(reads).to.equal(1)
  })

  it('take zero, minus zero and the bounds themselves', () => {
    expect(ofRun({ controls: 0 })).to.include({ controls: 0 })
    expect(Math.abs((ofRun({ controls: -0 }) as { controls: number }).controls)).to.equal(0)
    expect(ofRun({ controls: 100 })).to.include({ controls: 100 })
    expect(ofRun({ budget: { pauseMs: 1, durationMs: 86_400_000 } })).to.have.property('budget')
  })

  it('copy the names: what the caller changes afterwards changes nothing', () => {
    const only = ['a', 'b']
    const resolved = ofRun({ only }) as { only: string[] }
    only.push('c')
    expect(resolved.only).to.deep.equal(['a', 'b'])
    expect(Object.isFrozen(resolved.only)).to.equal(true)
    expect(Object.isFrozen(only)).to.equal(false)
  })

  it('show a hostile value without being harmed by it', () => {
    const hostile = new Proxy([], {
      get() {
        throw new Error('a trap')
      },
    })
    expect(thrownBy(() => ofCoordinator({ gc: hostile }))).to.have.property('code', 'ERR_OPTION_TYPE')
  })
})

describe('new Coordinator()', () => {
  it('refuses bad options at once', () => {
    expect(() => new Coordinator({ gc: 'often' } as never)).to.throw('ERR_OPTION_RANGE')
  })

  it('takes V8 alone when told to', () => {
    const coordinator = new Coordinator({ allocator: 'unavailable' })
    expect(coordinator.allocator).to.include({ name: 'unavailable', reason: 'chosen by option' })
  })

  it('hands out the allocator that it was given', () => {
    const world = new World()
    expect(world.coordinator().allocator).to.equal(world.allocator)
  })
})

describe('attribute()', () => {
  it('rejects, and never throws, for bad options', async () => {
    const coordinator = new World().coordinator()
    const run = coordinator.attribute({ controls: NaN })
    expect(await rejectionOf(run)).to.have.property('code', 'ERR_OPTION_RANGE')
  })

  it('refuses a name that is not registered, with the nearest that is', async () => {
    const coordinator = new World().coordinator()
    coordinator.register('thumbnails', { release: () => undefined })
    for (const options of [{ only: ['thumbnail'] }, { except: ['thumbnail'] }]) {
      const error = (await rejectionOf(coordinator.attribute(options))) as Error
      expect(error.message).to.equal(
        'ERR_CACHE_UNKNOWN: no cache named "thumbnail" (string) is registered: did you mean "thumbnails" (string)?',
      )
    }
    const error = (await rejectionOf(coordinator.attribute({ only: ['something else'] }))) as Error
    expect(error.message).to.match(/^ERR_CACHE_UNKNOWN: .* is registered: 1 are$/)
  })

  it('releases nothing for an empty list of names', async () => {
    const coordinator = new World().coordinator()
    coordinator.register('a', {
      release: () => {
        throw new Error('must not be called')
      },
    })
    expect((await coordinator.attribute({ only: [] })).caches).to.deep.equal([])
  })
})

function shown(message: string | RegExp): string {
  return String(message).slice(0, 90)
}
