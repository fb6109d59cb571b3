/**
 * Reads other people's objects without running anybody's code.
 *
 * Rule: no getter of JavaScript, no native accessor, no interceptor and no trap is run. A native accessor passes for data and
 * its descriptor runs it, so each object is asked natively which of its properties are accessors, once, before it is read. Where
 * that cannot be told nothing of the object is read.
 */
import { types } from 'node:util'
import { addonOrNull } from '../../allocator/binding.js'
import type { AccessorKeys } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'
import { containerKind } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'

/** Accessors among the own properties; null: nothing of the object may be read. */
type Verdict = ReadonlySet<PropertyKey> | null

const PLAIN: Verdict = new Set<PropertyKey>()
/** Own accessors of every function, which V8 answers by itself. */
const OF_FUNCTIONS = new Set<PropertyKey>(['name', 'length', 'prototype', 'arguments', 'caller'])

/** Own properties of objects, as far as they are plain data. One for each examination: it holds what it found of the heap. */
export class ObjectReader {
  readonly #accessorKeys: AccessorKeys
  /** Of what was vetted, all that is not plain throughout; of arrays those with holes or accessors. */
  readonly #verdicts = new Map<object, Verdict>()
  /** Objects that no list has, as far as they were vetted when they were met. */
  readonly #met = new WeakSet()
  /** Prototype → whether its objects are among those that the inspector lists. */
  readonly #isListed = new Map<object, boolean>()
  readonly #sets = new Map<string, ReadonlySet<PropertyKey>>()

  /** @throws CacheAttributionError `ERR_TWIN_UNSUPPORTED` where accessors cannot be told from data */
  constructor(accessorKeys: AccessorKeys | null | undefined = addonOrNull()?.accessorKeys) {
    if (accessorKeys == null) {
      const message =
        'native accessors cannot be told from data in this Node binary: looking for collections might run them'
      throw new CacheAttributionError('ERR_TWIN_UNSUPPORTED', message)
    }
    this.#accessorKeys = accessorKeys
  }

  /** Its collections: nothing of the service. */
  get own(): readonly object[] {
    return [this.#verdicts, this.#isListed, this.#sets]
  }

  /** Asks of each of them what may be read of it: every object that the inspector lists, before anything is. */
  vet(objects: Iterable<object>): void {
    for (const value of objects) {
      const kind = containerKind(value)
      const verdict =
        kind === 'object' ? this.#judge(value) : kind === 'Array' ? judgeElements(value as unknown[]) : PLAIN
      if (verdict !== PLAIN) this.#verdicts.set(value, verdict)
    }
  }

  /** What kind of container this is; null for what may not be looked into, or holds no objects. */
  kindOf(value: object): ContainerKind | null {
    const kind = containerKind(value)
    return kind === 'object' && this.#verdictOf(value) === null ? null : kind
  }

  /** Whether this own property is an accessor, whatever its descriptor says. */
  isAccessor(owner: object, key: PropertyKey): boolean {
    const verdict = this.#verdictOf(owner)
    return verdict === null || verdict.has(key) || !isData(Reflect.getOwnPropertyDescriptor(owner, key))
  }

  /** The value of an own data property; undefined for an accessor. */
  property(owner: object, key: PropertyKey): unknown {
    if (types.isProxy(owner)) return undefined
    const verdict = this.#verdictOf(owner)
    if (verdict === null || verdict.has(key)) return undefined
    return Reflect.getOwnPropertyDescriptor(owner, key)?.value
  }

  /** A data property of the object or its prototypes, up to a proxy or the end. */
  inheritedProperty(owner: object, key: PropertyKey): unknown {
    for (let at: object | null = owner; at !== null && !types.isProxy(at); at = Reflect.getPrototypeOf(at)) {
      const verdict = this.#verdictOf(at)
      if (verdict === null || verdict.has(key)) return undefined
      const descriptor = Reflect.getOwnPropertyDescriptor(at, key)
      if (descriptor !== undefined) return descriptor.value
    }
    return undefined
  }

  /** Visits the values of an object's data properties; of what {@link ObjectReader.kindOf} calls an object. */
  eachProperty(owner: object, visit: (value: unknown, key: PropertyKey) => void): void {
    const verdict = this.#verdictOf(owner)
    if (verdict === null) return
    for (const key of Reflect.ownKeys(owner)) {
      if (!verdict.has(key)) visit(Reflect.getOwnPropertyDescriptor(owner, key)?.value, key)
    }
  }

  /** Visits the elements of an array that was vetted. */
  eachElement(list: readonly unknown[], visit: (value: unknown, index: number) => void): void {
    if (this.#verdicts.has(list)) {
      for (const key of Reflect.ownKeys(list)) {
        const index = Number(key)
        if (Number.isInteger(index)) visit(elementOf(list, index), index)
      }
      return
    }
    for (let index = 0; index < list.length; index++) visit(list[index], index)
  }

  /** The constructor that an object's prototype names; undefined for a literal, an object without a prototype, a proxy. */
  classOf(value: object): (new (...args: never[]) => unknown) | undefined {
    if (types.isProxy(value)) return undefined
    const prototype = Reflect.getPrototypeOf(value)
    if (prototype === null || types.isProxy(prototype)) return undefined
    const constructor = this.property(prototype, 'constructor')
    if (typeof constructor !== 'function' || types.isProxy(constructor) || constructor === Object) return undefined
    return constructor as new (...args: never[]) => unknown
  }

  /** A function's own name, whatever its class overrides; empty where it has none. */
  functionName(value: object): string {
    const name = types.isProxy(value) ? undefined : this.property(value, 'name')
    return typeof name === 'string' ? name : ''
  }

  #verdictOf(value: object): Verdict {
    const known = this.#verdicts.get(value)
    if (known !== undefined) return known
    if (this.#isAmongListed(value) || this.#met.has(value)) return PLAIN
    const verdict = types.isProxy(value) ? null : this.#judge(value)
    if (verdict === PLAIN) this.#met.add(value)
    else this.#verdicts.set(value, verdict)
    return verdict
  }

  #judge(value: object): Verdict {
    // Most functions have none but those of every function.
    if (typeof value === 'function' && Reflect.ownKeys(value).every((key) => OF_FUNCTIONS.has(key))) return PLAIN
    const keys = this.#accessorKeys(value)
    if (keys === null) return null
    const accessors = typeof value === 'function' ? keys?.filter((key) => !OF_FUNCTIONS.has(key)) : keys
    return accessors === undefined || accessors.length === 0 ? PLAIN : this.#shared(accessors)
  }

  /** Many objects have the same accessors: every Error has a stack. */
  #shared(keys: readonly PropertyKey[]): ReadonlySet<PropertyKey> {
    if (keys.some((key) => typeof key === 'symbol')) return new Set(keys)
    const text = keys.join('\n')
    const known = this.#sets.get(text)
    if (known !== undefined) return known
    const made = new Set(keys)
    this.#sets.set(text, made)
    return made
  }

  /** Whether the inspector lists it among the objects of Object.prototype, so that it was vetted. */
  #isAmongListed(value: object): boolean {
    if (types.isProxy(value)) return false
    const prototype = Reflect.getPrototypeOf(value)
    if (prototype === null) return false
    let isListed = this.#isListed.get(prototype)
    if (isListed === undefined) {
      let at: object | null = prototype
      while (at !== null && at !== Object.prototype) at = types.isProxy(at) ? null : Reflect.getPrototypeOf(at)
      this.#isListed.set(prototype, (isListed = at !== null))
    }
    return isListed
  }
}

function isData(descriptor: PropertyDescriptor | undefined): boolean {
  return descriptor !== undefined && 'value' in descriptor
}

/** An element, whether it is there and data or not: `list[index]` would run a getter, or look at the prototypes for a hole. */
export function elementOf(list: readonly unknown[], index: number): unknown {
  return Reflect.getOwnPropertyDescriptor(list, index)?.value
}

/** Reading by index is safe where every element is there, and data. */
function judgeElements(list: readonly unknown[]): Verdict {
  if (isNumeric(list)) return PLAIN
  for (let index = 0; index < list.length; index++) {
    if (!isData(Reflect.getOwnPropertyDescriptor(list, index))) return NOT_DENSE
  }
  return PLAIN
}

const NOT_DENSE: Verdict = new Set<PropertyKey>()
const NUMERIC_SAMPLE = 16
const NUMERIC_LEAST = 1024

/** A long array of which every sampled element is a number: nothing to visit, and reading it makes garbage. */
export function isNumeric(list: readonly unknown[]): boolean {
  if (list.length < NUMERIC_LEAST) return false
  const stride = Math.floor(list.length / NUMERIC_SAMPLE)
  for (let index = 0; index < list.length; index += stride) {
    if (typeof elementOf(list, index) !== 'number') return false
  }
  return true
}
