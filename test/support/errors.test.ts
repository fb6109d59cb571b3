import { expect } from 'chai'
import { CacheAttributionError, ERROR_CODES, MallctlError, WARNING_CODES } from '../../src/index.js'
import { codeOf, describe as describeValue, messageOf, reasonOf } from '../helpers/internals/support.js'

const REVOKED = revokedProxy()

describe('CacheAttributionError', () => {
  it('is an Error whose message begins with its code', () => {
    const error = new CacheAttributionError('ERR_CLOSED', 'it was closed')
    expect(error).to.be.instanceOf(Error)
    expect(error).to.include({
      name: 'CacheAttributionError',
      code: 'ERR_CLOSED',
      message: 'ERR_CLOSED: it was closed',
    })
  })

  it('keeps its cause', () => {
    const cause = new Error('inner')
    expect(new CacheAttributionError('ERR_CLOSED', 'x', { cause }).cause).to.equal(cause)
  })

  it('has codes of one form, each said in a few words', () => {
    const codes = [...Object.entries(ERROR_CODES), ...Object.entries(WARNING_CODES)]
    for (const [code, words] of codes) {
      expect(code).to.match(/^(?:ERR|WARN)_[A-Z]+(?:_[A-Z]+)*$/)
      expect(words).to.match(/^[^\n]{10,160}$/)
    }
    expect(new Set(codes.map(([code]) => code)).size).to.equal(codes.length)
  })
})

describe('codeOf()', () => {
  it('knows the errors of another copy of this package, and nothing else', () => {
    class Other extends Error {
      override readonly name = 'CacheAttributionError'
      constructor(readonly code: unknown) {
        super(`${String(code)}: why`)
      }
    }
    expect(codeOf(new CacheAttributionError('ERR_CLOSED', 'why'))).to.equal('ERR_CLOSED')
    expect(codeOf(new Other('ERR_CLOSED'))).to.equal('ERR_CLOSED')
    expect(reasonOf(new Other('ERR_CLOSED'))).to.equal('why')
    for (const thrown of [
      new Other('ERR_OF_A_LATER_VERSION'),
      new Other('toString'),
      new Other(7),
      Object.assign(new Error('x'), { code: 'ERR_CLOSED' }),
      { name: 'CacheAttributionError', code: 'ERR_CLOSED' },
      null,
      undefined,
      REVOKED,
    ]) {
      expect(codeOf(thrown)).to.equal(null)
    }
  })
})

describe('MallctlError', () => {
  it('carries key and errno, and says both', () => {
    const error = new MallctlError('reading', 'stats.allocated', 'ENOENT', 'an old version?')
    expect(error).to.be.instanceOf(CacheAttributionError)
    expect(error).to.include({
      code: 'ERR_MALLCTL',
      key: 'stats.allocated',
      errno: 'ENOENT',
      message: 'ERR_MALLCTL: reading "stats.allocated" failed: ENOENT (an old version?)',
    })
  })

  it('says nothing of a cause that is not known', () => {
    expect(new MallctlError('calling', 'epoch', 'EFAULT').message).to.equal(
      'ERR_MALLCTL: calling "epoch" failed: EFAULT',
    )
  })
})

describe('messageOf()', () => {
  it('gives the message of an Error, and a text as it is', () => {
    expect([messageOf(new RangeError('too far')), messageOf('plain')]).to.deep.equal(['too far', 'plain'])
  })

  it('describes what is no Error', () => {
    expect(messageOf(undefined)).to.equal('undefined was thrown, which is not an Error')
    expect(messageOf({ message: 'x' })).to.equal('an object was thrown, which is not an Error')
    expect(messageOf(5n)).to.equal('5 (bigint) was thrown, which is not an Error')
  })

  it('gives a text whatever was thrown, and never throws', () => {
    class Throwing extends Error {
      override get message(): string {
        throw new Error('no message')
      }
    }
    const odd = [Symbol('message'), 5, null, undefined, {}].map((message) => Object.assign(new Error(), { message }))
    for (const thrown of [new Throwing(), REVOKED, Object.create(null), Symbol('s'), () => 1, ...odd]) {
      expect(messageOf(thrown)).to.be.a('string')
    }
  })
})

describe('describe()', () => {
  it('shows a value with its type', () => {
    const shown = [-5, 'x', true, 7n, Symbol('s'), null, undefined, NaN, [1, 2], {}, () => 1, -0].map(describeValue)
    expect(shown).to.deep.equal([
      '-5 (number)',
      '"x" (string)',
      'true (boolean)',
      '7 (bigint)',
      'Symbol(s) (symbol)',
      'null',
      'undefined',
      'NaN (number)',
      'an array of 2',
      'an object',
      'a function',
      '0 (number)',
    ])
  })

  it('stays short and in one line, whatever the value', () => {
    for (const value of ['x'.repeat(1e6), 'a\nb\u0000c', 10n ** 500n, Symbol('y'.repeat(1000))]) {
      expect(describeValue(value)).to.match(/^[^\n\0]{1,80}$/)
    }
  })

  it('never throws, not even for a revoked proxy, or one that throws from every trap', () => {
    expect(describeValue(REVOKED)).to.equal('an object')
    expect([trapped({}), trapped([])].map(describeValue)).to.deep.equal(['an object', 'an object'])
    expect(describeValue(Object.create(null))).to.equal('an object')
  })
})

function trapped(target: object): object {
  const trap = (): never => {
    throw new Error('a trap')
  }
  return new Proxy(target, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap })
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
