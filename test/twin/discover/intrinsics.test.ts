import { expect } from 'chai'
import { containerKind, emptyContainer, entryCount } from '../../helpers/internals/twin-discover.js'
import type { ContainerKind } from '../../helpers/internals/twin-discover.js'

/** Every method and getter of it throws. */
function hostile<T extends object>(value: T): T {
  const prototype = Object.getPrototypeOf(value) as object
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === 'constructor') continue
    Object.defineProperty(value, key, {
      get: () => {
        throw new Error(`${String(key)} was asked for`)
      },
    })
  }
  return value
}

describe('what can be looked into', () => {
  const KINDS: readonly [what: string, value: object, kind: ContainerKind | null][] = [
    ['a Map', new Map(), 'Map'],
    ['a Map of another class', new (class Users extends Map {})(), 'Map'],
    ['a hostile Map', hostile(new Map()), 'Map'],
    ['a Set', new Set(), 'Set'],
    ['an array', [], 'Array'],
    ['an object', {}, 'object'],
    ['an object without a prototype', Object.create(null) as object, 'object'],
    ['a function', () => undefined, 'object'],
    ['bytes', Buffer.alloc(8), null],
    ['a view', new DataView(new ArrayBuffer(8)), null],
    ['a text as an object', Object('text') as object, null],
    ['a proxy of a Map', new Proxy(new Map(), {}), null],
    ['a revoked proxy', revoked(), null],
  ]
  for (const [what, value, kind] of KINDS) {
    it(`is told of ${what}: ${String(kind)}`, () => {
      expect(containerKind(value)).to.equal(kind)
    })
  }
})

describe('a container that lies', () => {
  it('is counted by what it has', () => {
    expect(entryCount(hostile(new Map([[1, 2]])), 'Map')).to.equal(1)
    expect(entryCount(hostile(new Set([1, 2])), 'Set')).to.equal(2)
  })

  const FULL: readonly [what: string, value: object, kind: ContainerKind][] = [
    ['Map', hostile(new Map([[1, 2]])), 'Map'],
    ['Set', hostile(new Set([1])), 'Set'],
    ['array', [1, 2, 3], 'Array'],
    ['dictionary', { a: 1, [Symbol('b')]: 2, 0: 3 }, 'object'],
    [
      'dictionary with a getter',
      Object.defineProperty({}, 'a', { get: () => expect.fail(), configurable: true }),
      'object',
    ],
  ]
  for (const [what, value, kind] of FULL) {
    it(`is emptied: ${what}`, () => {
      expect(emptyContainer(value, kind)).to.equal(0)
      expect(entryCount(value, kind)).to.equal(0)
    })
  }

  const KEPT: readonly [what: string, value: object, kind: ContainerKind, left: number][] = [
    ['a frozen array', Object.freeze([1, 2]), 'Array', 2],
    ['a frozen dictionary', Object.freeze({ a: 1 }), 'object', 1],
    ['a dictionary with a fixed property', Object.defineProperty({ b: 1 }, 'a', { value: 1 }), 'object', 1],
  ]
  for (const [what, value, kind, left] of KEPT) {
    it(`says what it keeps: ${what}`, () => {
      expect(emptyContainer(value, kind)).to.equal(left)
    })
  }

  it('is emptied by number as well, its store with it', () => {
    const numbered = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [index, {}]))
    expect(emptyContainer(numbered, 'object')).to.equal(0)
  })
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
