import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { CacheAttributionError } from '../../src/index.js'
import {
  boolean,
  names,
  nearestName,
  number,
  oneOf,
  optional,
  resolveOptions,
  shaped,
  text,
} from '../helpers/internals/support.js'
import type { Check } from '../helpers/internals/support.js'

const RULES = {
  timeoutMs: { check: number({ min: 1, max: 1000, integer: true }), fallback: 50 },
  color: { check: oneOf('red', 'green'), fallback: 'red' as const },
  strict: { check: boolean, fallback: true },
  only: optional(names),
}

function resolve(given: unknown): object {
  return resolveOptions('paint()', given, RULES)
}

/** `CODE: message` of the refusal. */
function refusal(action: () => unknown): string {
  try {
    return `no refusal: ${String(action())}`
  } catch (error) {
    if (!(error instanceof CacheAttributionError)) throw error
    return error.message
  }
}

function check<T>(rule: Check<T>, value: unknown): string {
  return refusal(() => rule(value, 'it'))
}

describe('resolveOptions()', () => {
  it('gives every default where nothing is given', () => {
    for (const given of [undefined, {}, Object.create(null)]) {
      expect(resolve(given)).to.deep.equal({ timeoutMs: 50, color: 'red', strict: true, only: undefined })
    }
  })

  it('takes undefined for "not given", and false and 1 for what they are', () => {
    expect(resolve({ timeoutMs: 1, strict: false, color: undefined })).to.include({
      timeoutMs: 1,
      strict: false,
      color: 'red',
    })
  })

  it('gives a frozen object, and leaves the given one alone', () => {
    const given = Object.freeze({ only: ['b', 'a'] })
    const resolved = resolve(given) as { only: readonly string[] }
    expect(resolved).to.be.frozen
    expect(resolved.only).to.deep.equal(['b', 'a'])
    expect(resolved.only).to.not.equal(given.only)
    expect(given).to.deep.equal({ only: ['b', 'a'] })
  })

  it('is not changed by what happens to the given object afterwards', () => {
    const only = ['a']
    const resolved = resolve({ only })
    only.push('b')
    expect(resolved).to.have.property('only').that.deep.equals(['a'])
  })

  it('refuses an unknown option with the nearest name', () => {
    expect(refusal(() => resolve({ timoutMS: 5 }))).to.equal(
      'ERR_OPTION_UNKNOWN: paint() has no option "timoutMS" (string): did you mean "timeoutMs"?',
    )
  })

  it('refuses an unknown option that resembles none with all that are known', () => {
    expect(refusal(() => resolve({ verbosity: 5 }))).to.match(/: known are timeoutMs, color, strict, only$/)
  })

  it('refuses an unknown option even where its value is undefined', () => {
    expect(refusal(() => resolve({ colour_: undefined }))).to.match(/^ERR_OPTION_UNKNOWN/)
  })

  it('refuses what would reach the prototype', () => {
    expect(refusal(() => resolve(JSON.parse('{"__proto__":{"strict":false}}')))).to.match(/^ERR_OPTION_UNKNOWN/)
    expect(refusal(() => resolve({ constructor: 1 }))).to.match(/^ERR_OPTION_UNKNOWN/)
  })

  it('refuses what is no object', () => {
    for (const given of [null, 5, 'strict', true, [], () => ({}), Symbol('x')]) {
      expect(refusal(() => resolve(given))).to.match(/^ERR_OPTION_TYPE: the options of paint\(\) must be/)
    }
  })

  it('refuses an object that is no literal: it would pass for "everything by default"', () => {
    const others = [new Set(['a']), new Map(), new Date(), Promise.resolve(), new AbortController().signal]
    for (const given of [...others, Object.create({ strict: false })]) {
      expect(refusal(() => resolve(given))).to.equal(
        'ERR_OPTION_TYPE: the options of paint() must be a plain object, got an object',
      )
    }
  })

  it('takes an object literal of another realm', () => {
    expect(resolve(runInNewContext('({ timeoutMs: 7 })'))).to.include({ timeoutMs: 7 })
  })

  it('takes nothing from a polluted Object.prototype', () => {
    const polluted = Object.prototype as { timeoutMs?: number }
    polluted.timeoutMs = 7
    try {
      expect(resolve({})).to.include({ timeoutMs: 50 })
    } finally {
      delete polluted.timeoutMs
    }
  })

  it('reads each option once, and passes on what a getter throws', () => {
    let reads = 0
    const counted = {
      get timeoutMs(): number {
        return ++reads
      },
    }
    expect(resolve(counted)).to.include({ timeoutMs: 1 })
    expect(reads).to.equal(1)
    const error = new Error('from the getter')
    const throwing = {
      get timeoutMs(): number {
        throw error
      },
    }
    expect(() => resolve(throwing)).to.throw(error)
  })
})

describe('number()', () => {
  const rule = number({ min: 0, max: 10 })

  it('takes its bounds and what lies between', () => {
    expect([0, -0, 0.5, 10].map((value) => rule(value, 'it'))).to.deep.equal([0, -0, 0.5, 10])
  })

  it('refuses what lies outside, NaN and infinities', () => {
    for (const value of [-0.001, 10.001, NaN, Infinity, -Infinity])
      expect(check(rule, value)).to.match(/^ERR_OPTION_RANGE/)
    expect(check(rule, -5)).to.equal('ERR_OPTION_RANGE: "it" must be a number ≥ 0 and ≤ 10, got -5 (number)')
  })

  it('refuses other types, numbers in disguise among them', () => {
    for (const value of ['5', 5n, true, null, [5], { valueOf: () => 5 }, new Date(5)]) {
      expect(check(rule, value)).to.match(/^ERR_OPTION_TYPE/)
    }
  })

  it('refuses fractions where an integer is asked for', () => {
    expect(check(number({ min: 1, integer: true }), 1.5)).to.equal(
      'ERR_OPTION_RANGE: "it" must be an integer ≥ 1, got 1.5 (number)',
    )
  })

  it('takes Infinity where it is said to', () => {
    expect(number({ min: 1, unbounded: true })(Infinity, 'it')).to.equal(Infinity)
    expect(check(number({ min: 1, unbounded: true }), -Infinity)).to.match(/^ERR_OPTION_RANGE/)
  })
})

describe('the other checks', () => {
  it('oneOf() takes the given words alone', () => {
    const rule = oneOf('red', 'green')
    expect(rule('green', 'it')).to.equal('green')
    expect(check(rule, 'Red')).to.equal(`ERR_OPTION_RANGE: "it" must be one of 'red', 'green', got "Red" (string)`)
    expect(check(rule, 1)).to.match(/^ERR_OPTION_TYPE/)
    expect(check(rule, 'toString')).to.match(/^ERR_OPTION_RANGE/)
  })

  it('boolean takes no truthy or falsy stand-in', () => {
    for (const value of [0, 1, '', 'true', null, {}]) expect(check(boolean, value)).to.match(/^ERR_OPTION_TYPE/)
  })

  it('text() bounds the length, and does not repeat a long text in its refusal', () => {
    const rule = text(5)
    expect(rule('12345', 'it')).to.equal('12345')
    for (const value of ['', '123456', 'x'.repeat(1e6)]) {
      expect(check(rule, value)).to.match(/^ERR_OPTION_RANGE: .{1,120}$/)
    }
    expect(check(rule, 5)).to.match(/^ERR_OPTION_TYPE/)
  })

  it('names takes distinct strings', () => {
    expect(names([], 'it')).to.deep.equal([])
    expect(check(names, ['a', 'b', 'a'])).to.match(
      /^ERR_OPTION_RANGE: "it" must be an array without repetitions, got "a"/,
    )
    for (const value of ['ab', new Set(['a']), ['a', 5], [undefined], new Array(2), { length: 0 }]) {
      expect(check(names, value)).to.match(/^ERR_OPTION_TYPE/)
    }
  })

  it('shaped() takes objects and functions that pass its test', () => {
    const rule = shaped<object>('a thing with x', (value) => 'x' in value)
    expect(
      rule(
        Object.assign(() => 1, { x: 1 }),
        'it',
      ),
    ).to.be.a('function')
    for (const value of [{}, null, undefined, 'x', 5])
      expect(check(rule, value)).to.match(/^ERR_OPTION_TYPE: "it" must be a thing with x/)
  })
})

describe('nearestName()', () => {
  it('finds a name that is a few edits away, whatever its case', () => {
    const known = ['releaseTimeoutMs', 'controls', 'gc']
    expect(
      ['releasTimeoutMs', 'RELEASETIMEOUTMS', 'control', 'cg'].map((name) => nearestName(name, known)),
    ).to.deep.equal(['releaseTimeoutMs', 'releaseTimeoutMs', 'controls', 'gc'])
  })

  it('finds none where none is near, none is known, or the name is endless', () => {
    expect([
      nearestName('something', ['controls']),
      nearestName('a', []),
      nearestName('x'.repeat(1e6), ['x']),
    ]).to.deep.equal([undefined, undefined, undefined])
  })
})
