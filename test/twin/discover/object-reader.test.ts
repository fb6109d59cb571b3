import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { ObjectReader } from '../../helpers/internals/twin-discover.js'

const reader = new ObjectReader()

/** The properties of an object that are read. */
function read(value: object): [unknown, unknown][] {
  const found: [unknown, unknown][] = []
  const own = new ObjectReader()
  own.eachProperty(value, (held, key) => found.push([key, held]))
  return found
}

describe('ObjectReader', () => {
  it('is refused where accessors cannot be told from data', () => {
    expect(() => new ObjectReader(null)).to.throw(
      'ERR_TWIN_UNSUPPORTED: native accessors cannot be distinguished from data',
    )
  })

  it('reads plain data, symbols and numbers as keys included', () => {
    const symbol = Symbol('s')
    expect(read({ 3: 'c', a: 1, [symbol]: 2 })).to.deep.equal([
      ['3', 'c'],
      ['a', 1],
      [symbol, 2],
    ])
  })

  it('reads what lies beside a getter, and not the getter', () => {
    expect(
      read({
        a: 1,
        get b() {
          return expect.fail()
        },
        c: 3,
      }),
    ).to.deep.equal([
      ['a', 1],
      ['c', 3],
    ])
  })

  it('reads what lies beside the stack of an Error, and not the stack', () => {
    const before = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
    Error.prepareStackTrace = () => expect.fail('the stack was asked for')
    try {
      expect(read(Object.assign(new Error('x'), { request: 7 }))).to.deep.include(['request', 7])
    } finally {
      Reflect.deleteProperty(Error, 'prepareStackTrace')
      if (before !== undefined) Object.defineProperty(Error, 'prepareStackTrace', before)
    }
  })

  it('reads what a class has besides what every function has', () => {
    class Store {
      readonly id = 1
      static readonly all = 5
      static get lazy(): never {
        return expect.fail()
      }
    }
    expect(read(Store)).to.deep.include(['all', 5])
    expect(read(Store).map(([key]) => key)).to.not.include('lazy')
  })

  const CLOSED: readonly [what: string, value: object][] = [
    ['a proxy', new Proxy({}, { ownKeys: () => expect.fail(), getPrototypeOf: () => expect.fail() })],
    ['the environment, which calls the C library', process.env],
    ['the global of another context', runInNewContext('this', { secret: 1 }) as object],
  ]
  for (const [what, value] of CLOSED) {
    it(`reads nothing of ${what}`, () => {
      const own = new ObjectReader()
      expect(own.kindOf(value)).to.equal(null)
      expect(own.property(value, 'PATH')).to.equal(undefined)
      expect(own.inheritedProperty(value, 'PATH')).to.equal(undefined)
    })
  }

  it('reads the global object of its own context', () => {
    expect(read(globalThis).map(([key]) => key)).to.include('setTimeout')
  })
})

describe('names', () => {
  it('are read from own data properties only', () => {
    expect(
      reader.property(
        {
          get a() {
            return expect.fail()
          },
        },
        'a',
      ),
    ).to.equal(undefined)
  })

  it('of methods are found along the prototypes, not behind a proxy', () => {
    expect(reader.inheritedProperty(new Map(), 'clear')).to.be.a('function')
    expect(reader.inheritedProperty({}, 'clear')).to.equal(undefined)
    expect(
      reader.inheritedProperty(Object.create(new Proxy({}, { get: () => expect.fail() })) as object, 'x'),
    ).to.equal(undefined)
  })
})
