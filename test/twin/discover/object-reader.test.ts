import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { ObjectReader } from '../../../src/twin/discover/object-reader.js'

const reader = new ObjectReader()

/** What is read of an object's properties. */
function read(value: object): [unknown, unknown][] {
  const found: [unknown, unknown][] = []
  const own = new ObjectReader()
  own.vet([value])
  own.eachProperty(value, (held, key) => found.push([key, held]))
  return found
}

function elements(list: unknown[]): [unknown, number][] {
  const found: [unknown, number][] = []
  const own = new ObjectReader()
  own.vet([list])
  own.eachElement(list, (held, index) => found.push([held, index]))
  return found
}

describe('ObjectReader', () => {
  it('is refused where accessors cannot be told from data', () => {
    expect(() => new ObjectReader(null)).to.throw('ERR_TWIN_UNSUPPORTED: native accessors cannot be told from data')
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
      own.vet([value])
      expect(own.kindOf(value)).to.equal(null)
      expect(own.property(value, 'PATH')).to.equal(undefined)
      expect(own.inheritedProperty(value, 'PATH')).to.equal(undefined)
    })
  }

  it('reads the global object of its own context', () => {
    expect(read(globalThis).map(([key]) => key)).to.include('setTimeout')
  })

  it('reads elements, and runs no getter among them', () => {
    const list = ['a', 'b', 'c']
    Object.defineProperty(list, 1, { get: () => expect.fail() })
    expect(elements(list)).to.deep.equal([
      ['a', 0],
      [undefined, 1],
      ['c', 2],
    ])
    expect(elements(['a', 'b'])).to.deep.equal([
      ['a', 0],
      ['b', 1],
    ])
  })

  it('asks no prototype for an element that is not there', () => {
    const list: unknown[] = ['a']
    list[2] = 'c'
    Object.setPrototypeOf(
      list,
      Object.defineProperty(Object.create(Array.prototype), 1, { get: () => expect.fail() }) as object,
    )
    expect(elements(list)).to.deep.equal([
      ['a', 0],
      ['c', 2],
    ])
  })

  it('does not count through the holes of an array', () => {
    const list: unknown[] = []
    list[4_000_000_000] = 'last'
    expect(elements(list)).to.deep.equal([['last', 4_000_000_000]])
  })
})

describe('names', () => {
  it('are read from own data properties only', () => {
    expect(reader.functionName(class UserStore extends Map {})).to.equal('UserStore')
    expect(reader.functionName(Object.defineProperty(() => 0, 'name', { get: () => expect.fail() }))).to.equal('')
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

  it('of a class are those of the prototype, whatever the object says', () => {
    class UserStore extends Map {}
    expect(reader.classOf(Object.assign(new UserStore(), { constructor: Map }))).to.equal(UserStore)
    expect(reader.classOf({})).to.equal(undefined)
    expect(reader.classOf(Object.create(null) as object)).to.equal(undefined)
    expect(reader.classOf(Object.create(new Proxy({}, {})) as object)).to.equal(undefined)
  })

  it('of methods are found along the prototypes, not behind a proxy', () => {
    expect(reader.inheritedProperty(new Map(), 'clear')).to.be.a('function')
    expect(reader.inheritedProperty({}, 'clear')).to.equal(undefined)
    expect(
      reader.inheritedProperty(Object.create(new Proxy({}, { get: () => expect.fail() })) as object, 'x'),
    ).to.equal(undefined)
  })
})
